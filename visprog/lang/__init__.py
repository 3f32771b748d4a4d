"""The language of programs: text to Program, its static check, its canonical text, its grammar.

`SPEC.md` beside this file is the reference.
"""

from visprog.lang.check import check
from visprog.lang.format import format
from visprog.lang.grammar import grammar
from visprog.lang.parse import parse
from visprog.lang.syntax import Program

__all__ = ["Program", "check", "format", "grammar", "parse"]
