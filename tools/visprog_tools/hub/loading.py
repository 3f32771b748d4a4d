"""Modules and processors of transformers, from files only: no code of theirs, nothing made up."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from visprog.errors import WeightsError
from visprog_tools.hub.devices import out_of_memory
from visprog_tools.hub.snapshots import Snapshot
from visprog_tools.hub.turns import TURNS

WHOLE = "tokenizer.json"  # all of a tokenizer in one file, which any class reads

_LOADING = threading.Lock()  # transformers keeps how much it tells once for all threads


def load_module(
    kind: Any, found: Snapshot, dtype: Any, types: Sequence[str] = (), **options: Any
) -> Any:
    """A module of a transformers class.

    Args:
        dtype: of torch.
        types: of model, which the class reads; by default its own only.
        options: of its `from_pretrained`.

    Raises:
        WeightsError: the files are damaged, are of another type, which might load in part, or lack
            weights, which transformers would fill with random numbers.
    """
    _expect_type(kind, found, types or (kind.config_class.model_type,))
    with telling(found), TURNS.loading(), quiet():
        module, told = kind.from_pretrained(
            found.folder,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            **options,
        )
    absent = sorted({*told["missing_keys"], *(key for key, *_ in told["mismatched_keys"])})
    if absent:
        raise WeightsError(
            f"{found.folder} lacks weights of {kind.__name__}: {absent[0]} and {len(absent) - 1} "
            "more"
        )
    return module


def load_processor(kind: Any, found: Snapshot, **options: Any) -> Any:
    """A processor, image processor or tokenizer.

    Args:
        options: of its `from_pretrained`.

    Raises:
        WeightsError: its files are absent, damaged or of another class. That holds for the
            vocabulary of a tokenizer, too, where transformers would make up an empty one.
    """
    with telling(found), quiet():
        made = kind.from_pretrained(
            found.folder, local_files_only=True, trust_remote_code=False, **options
        )
    for part in (made, getattr(made, "tokenizer", None)):
        _expect_vocabulary(part, found)
    return made


def _expect_type(kind: Any, found: Snapshot, types: Sequence[str]) -> None:
    try:
        told = json.loads((found.folder / "config.json").read_text("utf-8"))
        type_ = str(told["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        first = f"{type(error).__name__}: {error}"
        raise WeightsError(f"{found.folder} has no configuration: {first}") from error
    if type_ not in types:
        raise WeightsError(f"{found.folder} has weights of {type_}, not of {kind.__name__}")


def _expect_vocabulary(part: Any, found: Snapshot) -> None:
    """Of a tokenizer: its one file, or all the older ones, such as words and how they are cut."""
    from transformers import PreTrainedTokenizerBase

    if not isinstance(part, PreTrainedTokenizerBase):
        return
    names = dict(part.vocab_files_names)
    whole = names.pop("tokenizer_file", WHOLE)
    there = {name for name in (whole, *names.values()) if (found.folder / name).is_file()}
    if whole not in there and not (names and there >= {*names.values()}):
        older = f", or {' and '.join(names.values())}" if names else ""
        raise WeightsError(f"{found.folder} has no vocabulary: want {whole}{older}")
    if len(part) <= len(part.all_special_tokens):
        raise WeightsError(f"{found.folder} has an empty vocabulary")


@contextmanager
def telling(found: Snapshot) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # safetensors, json and transformers raise classes of their own
        if out_of_memory(error):
            raise
        first = " ".join(str(error).split())[:300]
        raise WeightsError(
            f"{found.folder} does not load: {type(error).__name__}: {first}"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """No tables of keys, which are told of as errors; progress bars on terminals only. One thread
    at a time."""
    from transformers.utils import logging

    with _LOADING:
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
