"""The steps of a functional program that are translated already, and the lines that they made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from visprog.errors import PlanError
from visprog.eval.gqa_words import variable_name

KINDS = ("regions", "region", "image", "bool", "number", "text")


@dataclass(frozen=True)
class Term:
    """The value of a step, as an expression. `kind`: one of KINDS; `noun`: what to call it;
    `name`: its variable, once it has one."""

    kind: str
    text: str
    noun: str = "thing"
    name: str = ""


class Steps:
    """What later steps may ask of earlier ones: a list, its one thing, a truth, a number."""

    def __init__(self, nested: bool) -> None:
        self.nested = nested
        self.lines: list[str] = []
        self.names: set[str] = {"image"}
        self.ones: dict[int, Term] = {}  # step -> the one thing of its list
        self.terms: list[Term] = []
        self.step = 0

    def read(self, step: object) -> tuple[str, str, list[int]]:
        """Its operation, argument and dependencies, checked."""
        if not isinstance(step, Mapping):
            raise self.error(f"want a step with an operation, got {step!r}")
        operation, argument = step.get("operation"), step.get("argument")
        dependencies = step.get("dependencies")
        if not isinstance(operation, str) or not isinstance(dependencies, list):
            raise self.error(f"want operation and dependencies, got {step!r}")
        for index in dependencies:
            if not isinstance(index, int) or not 0 <= index < len(self.terms):
                raise self.error(f"{operation}: dependency {index!r} is no earlier step")
        return operation.strip(), str(argument or "").strip(), dependencies

    def error(self, message: str) -> PlanError:
        return PlanError(f"functional program, step {self.step}: {message}")

    # -- values of earlier steps

    def of(self, kind: str, dependencies: list[int], number: int) -> list[Term]:
        if len(dependencies) != number:
            raise self.error(f"want {number} dependencies, got {len(dependencies)}")
        terms = [self.terms[index] for index in dependencies]
        for index, term in zip(dependencies, terms, strict=True):
            if term.kind != kind:
                raise self.error(f"want {kind} of step {index}, got {term.kind}")
        return terms

    def only(self, dependencies: list[int]) -> int:
        if len(dependencies) != 1:
            raise self.error(f"want 1 dependency, got {len(dependencies)}")
        return dependencies[0]

    def regions(self, index: int) -> Term:
        """The list of a step; it gets a name unless it is a plain `detect`."""
        term = self.terms[index]
        if term.kind == "region":
            return Term("regions", f"[{self.one(index).text}]", term.noun)
        if term.kind != "regions":
            raise self.error(f"want regions of step {index}, got {term.kind}")
        if not term.name and not term.text.startswith(("detect(", "objects(")):
            term = self.terms[index] = self.bind(term, plural=True)
        return term

    def one(self, index: int) -> Term:
        """The one thing of a step, under a name."""
        term = self.terms[index]
        if index in self.ones:
            return self.ones[index]
        if term.kind == "regions":
            term = Term("region", f"largest({term.text})", term.noun)
        if term.kind != "region":
            raise self.error(f"want a thing of step {index}, got {term.kind}")
        self.ones[index] = self.bind(term, plural=False)
        return self.ones[index]

    def subject(self, index: int) -> Term:
        return self.terms[index] if self.terms[index].kind == "image" else self.one(index)

    def bind(self, term: Term, *, plural: bool) -> Term:
        if self.nested:
            return term
        name = variable_name(term.noun, plural=plural, taken=self.names)
        self.names.add(name)
        self.lines.append(f"{name} = {term.text}")
        return Term(term.kind, name, term.noun, name)
