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
Noun = Annotated[str, Words()]
Relation = Annotated[str, Words(("on", "in", "of", "with", "wearing", "holding"))]
Attribute = Annotated[str, Words(ATTRIBUTES)]
Statement = Annotated[str, Words()]
