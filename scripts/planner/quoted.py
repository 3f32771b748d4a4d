"""Counts how often programs quote the words of their questions: visprog/planning/quoted.tsv.

python scripts/planner/quoted.py PAIRS.jsonl ...
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from visprog.lang.words import phrases, singular  # noqa: E402
from visprog.planning.omissions import COUNTS, QUOTED  # noqa: E402

LEAST = 3  # questions with a word


def main() -> None:
    seen, quoted, said, added = (Counter[str]() for _ in range(4))
    for file in map(Path, sys.argv[1:]):
        for line in file.read_text("utf-8").splitlines():
            pair = json.loads(line)
            asked = {word for phrase in phrases(pair["question"]) for word in phrase}
            texts = re.findall(r'"([^"]*)"', pair["program"])
            if any(len(text.split()) >= len(asked) for text in texts):
                continue  # the whole question is passed on
            words = {word for text in texts for word in text.lower().split()}
            seen.update(asked)
            quoted.update(word for word in asked if not words.isdisjoint((word, singular(word))))
            said.update(words)
            added.update(words.difference(asked, map(singular, asked)))
    rows = [
        f"{word}\t{seen[word]}\t{quoted[word]}"
        for word in sorted(seen)
        if seen[word] >= LEAST and quoted[word] < QUOTED * seen[word]
    ]
    rows += [f"+{word}\t{said[word]}\t{added[word]}" for word in sorted(added)]
    COUNTS.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
