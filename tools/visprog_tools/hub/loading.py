"""Modules and processors of transformers, from files only: no code of theirs, nothing made up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from visprog.errors import WeightsError
from visprog_tools.hub.snapshots import Snapshot


def load_module(kind: Any, found: Snapshot, dtype: Any) -> Any:
    """A module of a transformers class. `dtype`: of torch.

    Raises:
        WeightsError: the files are damaged, are of another class, or lack weights, which
            transformers would fill with random numbers.
    """
    with _telling(found), _quiet():
        module, told = kind.from_pretrained(
            found.folder,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    absent = sorted({*told["missing_keys"], *(key for key, *_ in told["mismatched_keys"])})
    if absent:
        raise WeightsError(
            f"{found.folder} lacks weights of {kind.__name__}: {absent[0]} and {len(absent) - 1} "
            "more"
        )
    return module


def load_processor(kind: Any, found: Snapshot) -> Any:
    """A processor, image processor or tokenizer.

    Raises:
        WeightsError: its files are absent, damaged or of another class.
    """
    with _telling(found), _quiet():
        return kind.from_pretrained(found.folder, local_files_only=True, trust_remote_code=False)


@contextmanager
def _telling(found: Snapshot) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # safetensors, json and transformers raise classes of their own
        first = " ".join(str(error).split())[:300]
        raise WeightsError(
            f"{found.folder} does not load: {type(error).__name__}: {first}"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """No tables of keys, which are told of as errors; progress bars on terminals only."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    if bars and not sys.stderr.isatty():
        logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
