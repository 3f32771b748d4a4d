"""GQA's functional programs, written in our language.

A functional program is a list of steps {operation, dependencies, argument}; a dependency is the
index of an earlier step. Each operation has one method or table row here; one that has none is a
`PlanError`. The same step always becomes the same words, so that translated programs can train a
planner and be compared with what it writes.

Conventions (the program text cannot carry the object ids that GQA's arguments end with):

* a step that selects, filters or relates gives a list; where one thing is wanted of it, that is
  `largest(...)` of the list;
* `relate: X,rel,s` are the Xs that stand in the relation to the thing before, `o` those to which
  it stands in the relation; for words with an inverse (left_of, above, ...) `o` is the inverse;
* `verify rel: X,rel,s` asks of the X, `o` of any X: GQA puts things that are not there in `o`;
* `hposition` and `vposition` are sides of the picture.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from visprog.errors import PlanError
from visprog.eval.gqa_steps import Steps, Term
from visprog.eval.gqa_words import (
    ATTRIBUTES,
    COMPARATIVES,
    COMPARISONS,
    DEMONSTRATIVES,
    EXTREMES,
    FIRST,
    INVERSE,
    NOUNS,
    SIDES,
    SPOKEN,
    WORDS,
    operand,
    quote,
    related,
    statement,
)


def translate(semantic: Sequence[Mapping[str, object]], *, nested: bool = False) -> str:
    """The program text of a functional program; it answers with the value of the last step.

    `nested`: one single `return` of the same meaning, else straight lines with readable names.

    Raises:
        PlanError: an operation, argument or dependency that GQA does not have.
    """
    return _Translation(nested).program(semantic)


class _Translation(Steps):
    """One program on its way from steps to lines."""

    def program(self, semantic: Sequence[Mapping[str, object]]) -> str:
        if not semantic:
            raise PlanError("a functional program needs at least one step, got none")
        for self.step, step in enumerate(semantic):
            operation, argument, dependencies = self.read(step)
            self.terms.append(self._translate(operation, argument, dependencies))
        return "\n".join([*self.lines, f"return {self.terms[-1].text}"]) + "\n"

    def _translate(self, operation: str, argument: str, dependencies: list[int]) -> Term:
        verb, _, rest = operation.partition(" ")
        if operation in EXTREMES and len(dependencies) == 1:
            regions = self.regions(dependencies[0])
            return Term("region", f"{EXTREMES[operation]}({regions.text})", regions.noun)
        if operation in COMPARISONS:
            a, b = self.of("number", dependencies, 2)
            return Term("bool", f"{a.text} {COMPARISONS[operation]} {b.text}")
        if operation in ("verify rel", "choose rel"):
            verb, rest = operation.replace(" ", "_"), ""
        method: Callable[[str, str, list[int]], Term] | None = getattr(self, f"_do_{verb}", None)
        if method is None:
            raise self.error(f"no operation {operation!r} in GQA")
        return method(rest, argument, dependencies)

    def _noun(self, argument: str) -> str:
        """`person (823320)` -> `person`"""
        noun = re.sub(r"\s*\([\d,\s-]*\)$", "", argument).strip()
        if not noun:
            raise self.error(f"want the name of a thing, got {argument!r}")
        return NOUNS.get(noun, noun)

    def _detected(self, noun: str) -> Term:
        if noun == "_" or noun in DEMONSTRATIVES:
            return Term("regions", "objects(image)", "thing")
        return Term("regions", f"detect(image, {quote(noun)})", noun)

    # -- find and choose

    def _do_select(self, _: str, argument: str, dependencies: list[int]) -> Term:
        noun = self._noun(argument)
        return Term("image", "image") if noun == "scene" else self._detected(noun)

    def _do_filter(self, category: str, argument: str, dependencies: list[int]) -> Term:
        regions = self.regions(self.only(dependencies))
        asked = quote(statement(category, argument))
        return Term("regions", f"filter({regions.text}, {asked})", regions.noun)

    def _do_relate(self, _: str, argument: str, dependencies: list[int]) -> Term:
        noun, relation, role = self._relation(argument)
        anchor = self.one(self.only(dependencies))
        found = self._detected(noun)
        if role == "_":
            attribute = quote(relation.removeprefix("same "))
            others = f"without({found.text}, {anchor.text})"
            return Term("regions", f"filter({others}, query({anchor.text}, {attribute}))", noun)
        return Term("regions", related(found.text, relation, role, anchor.text), found.noun)

    def _relation(self, argument: str) -> tuple[str, str, str]:
        parts = [part.strip() for part in self._noun(argument).split(",")]
        if len(parts) != 3 or parts[2] not in ("s", "o", "_") or not parts[1]:
            raise self.error(f"want 'thing,relation,s' (or o), got {argument!r}")
        if (parts[2] == "_") != parts[1].startswith("same "):
            raise self.error(f"want '_' with 'same ...' only, got {argument!r}")
        return NOUNS.get(parts[0], parts[0]), parts[1], parts[2]

    # -- yes or no

    def _do_exist(self, _: str, argument: str, dependencies: list[int]) -> Term:
        return self._truth(f"exists({self._regions_inline(dependencies)})")

    def _do_count(self, _: str, argument: str, dependencies: list[int]) -> Term:
        return Term("number", f"count({self._regions_inline(dependencies)})")

    def _regions_inline(self, dependencies: list[int]) -> str:
        index = self.only(dependencies)
        term = self.terms[index]
        return term.text if term.kind == "regions" else self.regions(index).text

    def _do_verify(self, category: str, argument: str, dependencies: list[int]) -> Term:
        subject = self.subject(self.only(dependencies))
        asked = quote(statement(category, argument))
        return self._truth(f"verify({subject.text}, {asked})")

    def _do_verify_rel(self, _: str, argument: str, dependencies: list[int]) -> Term:
        noun, relation, role = self._relation(argument)
        anchor = self.one(self.only(dependencies))
        found = self._detected(noun)
        if role == "_":
            raise self.error("verify rel: want s or o, got _")
        regions = found.text if role == "o" else f"[{self._the(found).text}]"
        return self._truth(f"exists({related(regions, relation, role, anchor.text)})")

    def _the(self, found: Term) -> Term:
        return self.bind(Term("region", f"largest({found.text})", found.noun), plural=False)

    def _do_and(self, _: str, argument: str, dependencies: list[int]) -> Term:
        return self._logic("and", dependencies)

    def _do_or(self, _: str, argument: str, dependencies: list[int]) -> Term:
        return self._logic("or", dependencies)

    def _logic(self, word: str, dependencies: list[int]) -> Term:
        a, b = self.of("bool", dependencies, 2)
        return self._truth(f"{operand(a.text)} {word} {operand(b.text)}")

    def _do_same(self, category: str, argument: str, dependencies: list[int]) -> Term:
        attribute = category or argument
        attribute = quote(ATTRIBUTES.get(attribute, attribute) or "name")
        if len(dependencies) == 2:
            a, b = (self.one(index).text for index in dependencies)
            return self._truth(f"same({a}, {b}, {attribute})")
        index = self.only(dependencies)
        regions, one = self.regions(index).text, self.one(index).text
        return self._truth(f"all([same(other, {one}, {attribute}) for other in {regions}])")

    def _do_different(self, category: str, argument: str, dependencies: list[int]) -> Term:
        return self._truth(f"not {self._do_same(category, argument, dependencies).text}")

    def _truth(self, text: str) -> Term:
        return Term("bool", text, "answer")

    # -- look

    def _do_query(self, _: str, argument: str, dependencies: list[int]) -> Term:
        subject = self.subject(self.only(dependencies))
        if argument == "area percent":
            return Term("number", f"area({subject.text})")
        if not argument:
            raise self.error("query: want an attribute, got none")
        attribute = quote(ATTRIBUTES.get(argument, argument))
        return Term("text", f"query({subject.text}, {attribute})")

    def _do_common(self, _: str, argument: str, dependencies: list[int]) -> Term:
        if len(dependencies) != 2:
            raise self.error(f"common: want 2 dependencies, got {len(dependencies)}")
        a, b = (self.one(index).text for index in dependencies)
        return Term("text", f"common({a}, {b})")

    def _do_choose(self, category: str, argument: str, dependencies: list[int]) -> Term:
        if category in EXTREMES or category in COMPARATIVES:
            return self._compare(category, dependencies)
        options = [option.strip() for option in argument.split("|")]
        if len(options) < 2 or not all(options):
            raise self.error(f"choose {category}: want options 'a|b', got {argument!r}")
        subject = self.subject(self.only(dependencies))
        if set(options) == SIDES.get(category):
            return Term("text", f"query({subject.text}, {quote(category)})")
        listed = ", ".join(map(quote, options))
        return Term("text", f"choose({subject.text}, [{listed}])")

    def _compare(self, category: str, dependencies: list[int]) -> Term:
        if len(dependencies) < 2:
            raise self.error(f"choose {category}: want 2 or more things, got {dependencies}")
        things = [self.one(index).text for index in dependencies]
        if category in EXTREMES:
            return Term("text", f"{EXTREMES[category]}([{', '.join(things)}]).label")
        if len(things) != 2:
            raise self.error(f"choose {category}: want 2 things, got {len(things)}")
        a, b = things
        tested = f"verify({a}, {quote(COMPARATIVES[category])})"
        return Term("text", f"{a}.label if {tested} else {b}.label")

    def _do_choose_rel(self, _: str, argument: str, dependencies: list[int]) -> Term:
        noun, relations, role = self._relation(argument)
        a, bar, b = relations.partition("|")
        if not (a and bar and b) or "|" in b or role == "_":
            raise self.error(f"choose rel: want two relations 'a|b', got {argument!r}")
        if WORDS.get(b) in FIRST and WORDS.get(a) == INVERSE[WORDS[b]]:
            a, b = b, a
        anchor = self.one(self.only(dependencies))
        one = self._the(self._detected(noun))
        test = f"exists({related(f'[{one.text}]', a, role, anchor.text)})"
        said, other = quote(SPOKEN.get(a, a)), quote(SPOKEN.get(b, b))
        return Term("text", f"{said} if {test} else {other}")
