"""The page: what stands where, and which handler each event calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from visprog.app.agents import MODES
from visprog.app.handlers import EMPTY, Handlers

FILES = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".mp4", ".webm"]
HEAD = (
    '<div class="vp"><div class="brandline"><h1>visprog</h1><p>answers questions about pictures by '
    "program: every step can be looked at</p></div></div>"
)
ASKING = "ask"  # what shares its places: questions and programs


def build(handlers: Handlers, examples: Sequence[tuple[Path, str]]) -> Any:
    """The page as gradio's Blocks.

    Args:
        examples: pictures with a question about each.
    """
    import gradio as gr

    settings = handlers.settings
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    asking = {**private, "concurrency_id": ASKING, "concurrency_limit": settings.together}
    with gr.Blocks(
        title="visprog", analytics_enabled=False, delete_cache=(600, 3600), fill_width=False
    ) as page:
        chat = gr.State(None, time_to_live=3600)  # a Chat; gradio would send its fields
        gr.HTML(HEAD)
        with gr.Tab("Ask"), gr.Row():
            with gr.Column(scale=2, min_width=300):
                files = gr.File(
                    label="Pictures, or one video",
                    file_count="multiple",
                    file_types=FILES,
                    height=150,
                    elem_id="files",
                )
                trouble = gr.HTML(elem_id="trouble")
                pictures = gr.HTML(elem_id="pictures")
                with gr.Accordion("Settings", open=False):
                    planner = gr.Dropdown(
                        list(settings.planners), value=settings.planners[0], label="Planner"
                    )
                    profile = gr.Dropdown(
                        list(settings.profiles), value=settings.profiles[0], label="Tools"
                    )
                    mode = gr.Radio(list(MODES), value=MODES[0], label="Programs are written")
                with gr.Accordion("Program", open=False, elem_id="editing"):
                    program = gr.Code(
                        language="python",
                        label="Edit it and run it again",
                        lines=6,
                        wrap_lines=True,
                        elem_id="program",
                    )
                    faults = gr.HTML(elem_id="faults")
                    run = gr.Button("Run the program", size="sm", elem_id="run")
                with gr.Row():
                    trace = gr.DownloadButton("Trace", size="sm", interactive=False)
                    picture = gr.DownloadButton("Picture", size="sm", interactive=False)
                cost = gr.HTML(elem_id="cost")
            with gr.Column(scale=5, min_width=320):
                with gr.Row():
                    question = gr.Textbox(
                        label="Question",
                        placeholder="How many people are left of the bus?",
                        max_length=settings.question,
                        scale=6,
                        autofocus=True,
                        elem_id="question",
                    )
                with gr.Row():
                    ask = gr.Button("Ask", variant="primary", elem_id="ask", scale=3)
                    stop = gr.Button("Stop", variant="stop", elem_id="stop", scale=1)
                if examples:
                    gr.Examples(
                        [[[str(path)], text] for path, text in examples],
                        [files, question],
                        label="Examples",
                        example_labels=[text for _, text in examples],
                        api_visibility="private",
                    )
                live = gr.HTML(elem_id="live")
                turns = gr.HTML(f'<div class="vp">{EMPTY}</div>', elem_id="turns")
        with gr.Tab("Tools") as tab:
            words = gr.HTML(elem_id="words")
        shown = [turns, live, chat, program, faults, cost, trace, picture, question]
        files.change(handlers.upload, [files, chat], [chat, pictures, trouble, turns], **private)
        inputs = [question, chat, planner, profile, mode]
        begun = [
            event(handlers.ask, inputs, shown, **asking) for event in (ask.click, question.submit)
        ]
        begun.append(run.click(handlers.run, [program, chat, planner, profile], shown, **asking))
        stop.click(handlers.stopped, chat, [turns, live], cancels=begun, queue=False, **private)
        checking = [program, chat, planner, profile]
        program.input(handlers.check, checking, faults, trigger_mode="always_last", **private)
        for event in (tab.select, profile.change):
            event(handlers.words, profile, words, **private)
    return page
