"""How deep a program may nest: its text, before Python's parser sees it, and then its tree."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from itertools import accumulate

MAX_DEPTH = 50  # brackets in brackets, statements in statements, operators under operators
MAX_TREE_DEPTH = 3 * MAX_DEPTH

_INDENT = re.compile(r"\n[ \t]+")
_HARD_TEXT = re.compile(r"[fFtT][rR]?[\"']|\"\"\"|'''|\\")  # may hold brackets, quotes, lines
_SKIPPED = re.compile(r"#[^\n]*|\"[^\"\n]*\"|'[^'\n]*'")
_BRACKET = re.compile(r"[()\[\]{}]")
_PREFIXES = re.compile(rf"(?:(?:not|lambda|[-+~])[ \t]*+){{{MAX_DEPTH + 1}}}")


def is_flat(source: str) -> bool:
    """Whether `check_nesting` has nothing to say, as far as can be told without the tokens.

    False also where that cannot be told. Of a text that Python's parser refuses, the answer means
    only that it may be parsed.
    """
    if "\r" in source or "\f" in source or "\\\n" in source:
        return False  # Python and `tokenize` see other lines here
    indents = len(set(_INDENT.findall(source))) + 1  # at least as many as are open at once
    count = source.count
    signs = count("-") + count("+") + count("~") + count("not") + count("lambda")
    openers = count("(") + count("[") + count("{")
    if source.isascii() and signs + openers + indents <= MAX_DEPTH:
        return True
    if _HARD_TEXT.search(source):
        return False
    bare = _SKIPPED.sub(" ", source)
    if not bare.isascii() or _PREFIXES.search(bare):
        return False
    steps = (1 if bracket in "([{" else -1 for bracket in _BRACKET.findall(bare))
    return max(accumulate(steps), default=0) + indents <= MAX_DEPTH


def check_nesting(source: str) -> None:
    """Refuse what would take the stack of Python's recursive parser; and names that are not ASCII,
    which Python would fold into others.

    Raises:
        SyntaxError: with the place.
    """
    depth = prefixes = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NAME and not token.string.isascii():
                raise SyntaxError("names are ASCII", ("", token.start[0], token.start[1] + 1, ""))
            if token.type == tokenize.OP and token.string in "([{":
                depth += 1
            elif token.type == tokenize.OP and token.string in ")]}":
                depth -= 1
            elif token.type == tokenize.INDENT:
                depth += 1
            elif token.type == tokenize.DEDENT:
                depth -= 1
            prefixes = prefixes + 1 if token.string in ("not", "-", "+", "~", "lambda") else 0
            if max(depth, prefixes) > MAX_DEPTH:
                place = ("", token.start[0], token.start[1] + 1, "")
                raise SyntaxError(f"it nests deeper than {MAX_DEPTH}", place)
    except tokenize.TokenError:
        pass  # ast.parse says it better


def too_deep(module: ast.Module) -> ast.AST | None:
    """A node that is too deep in the tree: long chains (`1 + 1 + 1 ...`) nest there without nesting
    in the text. None where all is well."""
    waiting: list[tuple[ast.AST, int]] = [(module, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_TREE_DEPTH:
            return node
        depth += 1
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                waiting.append((value, depth))
            elif isinstance(value, list):
                waiting.extend((item, depth) for item in value if isinstance(item, ast.AST))
    return None
