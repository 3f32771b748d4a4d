"""torchvision beside a torch that it was not built for: its parts in Python are all that is used.

Its compiled operators load beside the very torch of their build only, such as the one for CUDA,
and not beside one for processors of the same version. Where they do not load, `import torchvision`
fails, and so does all of transformers, which imports it where it is installed.
"""

from __future__ import annotations

import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NAMES = ("nms", "qnms")  # those whose absence makes the import fail
SCHEMA = "{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

_DECLARED: list[Any] = []  # a declaration lasts as long as its Library
_LOCK = threading.Lock()


def declare_operators() -> None:
    """Let torchvision be imported where its compiled operators do not load.

    They are declared without code: whoever calls one is told by torch that there is none. Nothing
    of ours does. Where they load, or torchvision is absent or imported, nothing is done.
    """
    with _LOCK:
        if _DECLARED or "torchvision" in sys.modules:
            return
        found = find_spec("torchvision")
        places = [*(found.submodule_search_locations or ())] if found is not None else []
        if not places or find_spec("torch") is None or _loads(Path(places[0])):
            return
        import torch
        from torch.library import Library

        library = Library("torchvision", "FRAGMENT")
        for name in NAMES:
            if not hasattr(torch.ops.torchvision, name):
                library.define(SCHEMA.format(name))
        _DECLARED.append(library)


def _loads(folder: Path) -> bool:
    """Whether its compiled operators load beside this torch, as torchvision itself loads them."""
    import torch

    file = next((one for one in folder.glob("_C*") if one.suffix in (".so", ".pyd")), None)
    try:
        if file is not None:
            torch.ops.load_library(str(file))
    except OSError:
        return False
    return file is not None
