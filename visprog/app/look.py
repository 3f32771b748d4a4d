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

    return gr.themes.Base(
        primary_hue=gr.themes.colors.indigo,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_lg,
        font=SANS,
        font_mono=MONO,
    )
