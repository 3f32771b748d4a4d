"""The chat in a browser: `visprog app`, or `python app.py`."""

from visprog.app.serving import serve
from visprog.app.settings import AppSettings

__all__ = ["AppSettings", "serve"]
