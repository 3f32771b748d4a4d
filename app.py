"""The chat in a browser: `python app.py`, the same as `visprog app`."""

from __future__ import annotations

import os
from pathlib import Path

from visprog.app import AppSettings, serve
from visprog.settings import Settings

if __name__ == "__main__":
    settings = Settings.of()
    serve(
        AppSettings(planners=(settings.planner,), profiles=(settings.tools,)),
        host=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        examples=Path(__file__).parent / "examples",
    )
