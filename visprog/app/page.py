"""The page: what stands where, and which handler each event calls."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from visprog.app.agents import MODES
from visprog.app.handlers import EMPTY, Handlers, framed
from visprog.app.settings import AppSettings

FILES = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".mp4", ".webm"]
HEAD = framed(
    '<header class="brandline"><h1>visprog</h1><p>Questions about pictures, answered by '
    "programs whose every step you can see</p></header>"
)
ASKING, UPLOADING = "ask", "upload"  # what shares its places
DECODED = 2  # uploads that are looked at at once
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


class Parts(NamedTuple):
    """The components that events read and write."""

    files: Any
    trouble: Any
    pictures: Any
    planner: Any
    profile: Any
    mode: Any
    cost: Any
    question: Any
    ask: Any
    stop: Any
    examples: tuple[Any, ...]
    program: Any
    faults: Any
    run: Any
    said: Any
    live: Any
    turns: Any


def build(handlers: Handlers) -> Any:
    """The page as gradio's Blocks."""
    import gradio as gr

    settings = handlers.settings
    with gr.Blocks(
        title="visprog", analytics_enabled=False, delete_cache=(600, 3600), fill_width=False
    ) as page:
        chat = gr.State(None, time_to_live=3600)  # a Chat; gradio would send its fields
        gr.HTML(HEAD, js_on_load=None)
        with gr.Tab("Ask"), gr.Row(elem_id="sheet"):
            with gr.Column(scale=2, min_width=290, elem_id="side"):
                side = _side(settings)
            with gr.Column(scale=5, min_width=320, elem_id="main"):
                main = _main(handlers)
        with gr.Tab("Tools") as tab:
            words = gr.HTML(elem_id="words", js_on_load=None)
        parts = Parts(**side, **main)
        _join(handlers, parts, chat)
        for event in (tab.select, parts.profile.change):
            event(handlers.words, parts.profile, words, **PRIVATE)
    return page


def _side(settings: AppSettings) -> dict[str, Any]:
    import gradio as gr

    made: dict[str, Any] = {
        "files": gr.File(
            label="Pictures, or one video",
            file_count="multiple",
            file_types=FILES,
            height=150,
            elem_id="files",
        ),
        "trouble": gr.HTML(elem_id="trouble", js_on_load=None),
        "pictures": gr.HTML(elem_id="pictures", js_on_load=None),
    }
    with gr.Accordion("Settings", open=False, elem_id="settings"):
        made["planner"] = gr.Dropdown(
            list(settings.planners), value=settings.planners[0], label="Planner"
        )
        made["profile"] = gr.Dropdown(
            list(settings.profiles), value=settings.profiles[0], label="Tools"
        )
        made["mode"] = gr.Radio(list(MODES), value=MODES[0], label="Programs are written")
    made["cost"] = gr.HTML(elem_id="cost", js_on_load=None)
    return made


def _main(handlers: Handlers) -> dict[str, Any]:
    import gradio as gr

    made: dict[str, Any] = {}
    with gr.Row(elem_id="composer", equal_height=True):
        made["question"] = gr.Textbox(
            label="Question",
            placeholder="How many people are left of the bus?",
            max_length=handlers.settings.question,
            scale=8,
            min_width=220,
            autofocus=True,
            elem_id="question",
        )
        made["ask"] = gr.Button("Ask", variant="primary", elem_id="ask", scale=1, min_width=84)
        made["stop"] = gr.Button("Stop", interactive=False, elem_id="stop", scale=1, min_width=84)
    with gr.Row(elem_id="examples"):
        made["examples"] = tuple(
            gr.Button(text, icon=str(path), size="sm", elem_classes="example", min_width=120)
            for path, text in handlers.examples
        )
    made["said"] = gr.HTML(
        elem_id="said",
        html_template='<p role="status" aria-live="polite">${value}</p>',
        js_on_load=None,
    )
    made["live"] = gr.HTML(elem_id="live", js_on_load=None)
    with gr.Accordion("Program: edit it and run it again", open=False, elem_id="editing"):
        made["program"] = gr.Code(
            language="python",
            label="Program",
            lines=4,
            max_lines=24,
            wrap_lines=True,
            elem_id="program",
        )
        made["faults"] = gr.HTML(elem_id="faults", js_on_load=None)
        made["run"] = gr.Button("Run the program", size="md", elem_id="run")
    made["turns"] = gr.HTML(framed(EMPTY), elem_id="turns", js_on_load=None)
    return made


def _join(handlers: Handlers, parts: Parts, chat: Any) -> None:
    """Which event calls what."""
    import gradio as gr

    p, together = parts, handlers.settings.together
    asking = {**PRIVATE, "concurrency_id": ASKING, "concurrency_limit": together}
    looking = {**PRIVATE, "concurrency_id": UPLOADING, "concurrency_limit": DECODED}
    at_once = {**PRIVATE, "queue": False}
    shown = [p.turns, p.live, p.said, chat, p.program, p.cost, p.question, p.ask, p.run, p.stop]
    given = [chat, p.pictures, p.trouble, p.turns, p.live, p.ask, p.run, p.stop]
    choice = [p.planner, p.profile]

    def answer(event: Any) -> None:
        """After an event that begins: the question's turn."""
        inputs = [p.question, chat, *choice, p.mode]
        going = event.then(handlers.ask, inputs, shown, **asking)
        going.failure(handlers.crowded, chat, shown, **at_once)

    answer(
        gr.on(
            [p.ask.click, p.question.submit], handlers.begin, [p.question, chat], shown, **at_once
        )
    )
    for number, button in enumerate(p.examples):
        outputs = [p.files, p.question, *given]
        picked = button.click(partial(handlers.example, number), chat, outputs, **looking)
        answer(picked.then(handlers.begin, [p.question, chat], shown, **at_once))
    edited = p.run.click(handlers.begin, [p.program, chat], shown, **at_once)
    running = edited.then(handlers.run, [p.program, chat, *choice], shown, **asking)
    running.failure(handlers.crowded, chat, shown, **at_once)
    gr.on(
        [p.files.upload, p.files.clear, p.files.delete],
        handlers.upload,
        [p.files, chat],
        given,
        **looking,
    )
    p.stop.click(handlers.stop, chat, shown, **at_once)
    inputs = [p.program, chat, *choice]
    p.program.change(handlers.check, inputs, p.faults, trigger_mode="always_last", **PRIVATE)
