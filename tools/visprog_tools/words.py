"""The closed vocabularies that planners write: relations, attributes, nouns and statements.

They guide planners; a program by hand may write any text, and a backend that does not know it
abstains.
"""

from __future__ import annotations

from typing import Annotated

from visprog.tool import Words

ATTRIBUTES = (
    *("name", "color", "material", "shape", "pose", "activity", "size", "age", "gender", "weather"),
    *("pattern", "hposition", "vposition", "place", "length", "height", "state"),
)
RELATIONS = (
    *("on", "in", "of", "with", "wearing", "holding", "carrying", "riding", "eating", "pulling"),
    *("pushing", "watching", "looking at", "touching", "using", "covering", "facing", "on top of"),
    *("sitting on", "standing on", "lying on", "leaning on", "leaning against", "hanging on"),
    *("walking on", "parked on", "attached to", "playing with"),
)
STATEMENTS = (
    *("on the left", "on the right", "at the top", "at the bottom", "in the middle", "indoors"),
    *("outdoors", "old", "young", "healthy", "unhealthy", "long", "short", "tall", "high", "low"),
)
Noun = Annotated[str, Words(("person", "man", "woman"))]
Relation = Annotated[str, Words(RELATIONS)]
Attribute = Annotated[str, Words(ATTRIBUTES, spans=False)]
Statement = Annotated[str, Words(STATEMENTS)]
Clause = Annotated[str, Words(clauses=True)]
