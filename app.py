"""The chat in a browser: `python app.py OPTIONS`, the same as `visprog app OPTIONS`."""

from __future__ import annotations

import sys

from visprog.cli import main

if __name__ == "__main__":
    sys.exit(main(["app", *sys.argv[1:]]))
