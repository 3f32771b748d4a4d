"""How the app looks: our own page's style within a frame, system fonts, nothing fetched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "page.css"
STYLE = Path(__file__).with_name("app.css")
SANS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Noto Sans",
    "DejaVu Sans",
    "sans-serif",
)
MONO = ("ui-monospace", "SF Mono", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")
ROOT = re.compile(r":root \{([^}]*)\}")
DARK = re.compile(r"@media screen and \(prefers-color-scheme: dark\) \{\s*:root \{[^}]*\}\s*\}")
COLOURS = {  # of gradio's own parts: those of our page, light and dark by themselves
    "body_background_fill": "var(--ground)",
    "body_text_color": "var(--ink)",
    "body_text_color_subdued": "var(--soft)",
    "background_fill_primary": "var(--card)",
    "background_fill_secondary": "var(--sunk)",
    "border_color_primary": "var(--line)",
    "block_background_fill": "var(--card)",
    "block_border_color": "var(--line)",
    "block_label_background_fill": "var(--card)",
    "block_label_text_color": "var(--soft)",
    "block_title_text_color": "var(--soft)",
    "input_background_fill": "var(--sunk)",
    "input_border_color": "var(--line)",
    "input_placeholder_color": "var(--soft)",
    "button_primary_background_fill": "var(--accent-fill)",
    "button_primary_background_fill_hover": "var(--accent-strong)",
    "button_primary_text_color": "#fff",
    "button_secondary_background_fill": "var(--sunk)",
    "button_secondary_background_fill_hover": "var(--line)",
    "button_secondary_text_color": "var(--ink)",
    "color_accent": "var(--accent)",
    "color_accent_soft": "var(--accent-ground)",
    "link_text_color": "var(--accent)",
    "panel_background_fill": "var(--card)",
}


def style() -> str:
    """The style sheet: that of a trace's page inside `.vp`, its dark colours under `.dark`."""
    page = PAGE.read_text("utf-8")
    light, dark, *_ = ROOT.findall(page)
    rest = ROOT.sub("", DARK.sub("", page), count=1)
    return (
        f":root {{{light.replace('color-scheme: light dark;', '')}}}\n.dark {{{dark}}}\n"
        f".vp {{\n{rest}\n}}\n{STYLE.read_text('utf-8')}"
    )


def theme() -> Any:
    import gradio as gr

    made = gr.themes.Base(
        primary_hue=gr.themes.colors.indigo,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_lg,
        font=SANS,
        font_mono=MONO,
    )
    dark = {f"{name}_dark": colour for name, colour in COLOURS.items() if name != "color_accent"}
    return made.set(**COLOURS, **dark)
