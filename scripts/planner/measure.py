"""Measures a planner's GGUF on held-out questions: programs that are the reference's, in seconds.

python scripts/planner/measure.py planner.gguf [--grammar] [--questions heldout.jsonl]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tools")]

import visprog_tools  # noqa: E402
from visprog.errors import VisprogError  # noqa: E402
from visprog.lang import check, format, grammar, parse  # noqa: E402
from visprog.tool import Catalogue  # noqa: E402
from visprog.values import Image  # noqa: E402

PROMPT = "Question: {question}\nProgram:\n"
TOOLS = Catalogue.of(visprog_tools).tools


def server(weights: Path, threads: int) -> object:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.n_ctx, params.n_parallel = 1024, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.warmup, params.cache_ram_mib, params.verbosity, params.n_gpu_layers = False, 0, 0, 0
    return xllamacpp.Server(params)


def plan(model: object, question: str, constrained: bool) -> str:
    """The program a model writes, one line."""
    asked = {
        "prompt": PROMPT.format(question=question),
        "n_predict": 256,
        "temperature": 0,
        "cache_prompt": True,
        "stop": ["\n"],
    }
    if constrained:
        asked["grammar"] = grammar(TOOLS, question=question, variables=False)
    made = model.handle_completions(asked)  # type: ignore[attr-defined]
    return made["choices"][0]["text"].strip() if "choices" in made else str(made)


def canonical(program: str) -> str:
    """The text that programs of the same meaning share; "" for what is no program."""
    try:
        parsed = parse(program + "\n")
        check(parsed, TOOLS, {"image": Image})
        return _sorted(format(parsed))
    except VisprogError:
        return ""


def _sorted(program: str) -> str:
    """The operands of an outermost `and`, `or` or `==` in one order."""
    body = program.removeprefix("return ").strip()
    for word in (" or ", " and ", " == "):
        parts = body.split(word)
        if len(parts) > 1 and all(part.count("(") == part.count(")") for part in parts):
            return word.join(sorted(parts))
    return body


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--grammar", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, default=10**6)
    parser.add_argument("--questions", type=Path, default=HERE / "heldout.jsonl")
    asked = parser.parse_args()
    rows = [json.loads(line) for line in asked.questions.read_text().splitlines()][: asked.limit]
    model = server(asked.weights, asked.threads)
    plan(model, "Is there a dog?", asked.grammar)
    same = valid = 0
    begin = time.monotonic()
    for row in rows:
        wanted = canonical("return " + row["program"].removeprefix("return "))
        assert wanted, row
        program = plan(model, row["question"], asked.grammar)
        got = canonical(program)
        valid += bool(got)
        same += got == wanted
        if got != wanted:
            print(f"- {row['question']}\n  got  {program}\n  want return {row['program']}")
    seconds = (time.monotonic() - begin) / len(rows)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{same} of {len(rows)} the same, {valid} valid, {seconds:.2f} s each, {memory:.0f} MB")


if __name__ == "__main__":
    main()
