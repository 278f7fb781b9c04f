"""The names of all that rows of the audit trail tell, read off the code that writes them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOMS = ("aftercall", "agi_scripts", "dialer", "followup", "ivr", "recordings", "webconsole")
_OWN = {"actor", "subject", "address", "before", "after"}


def told_in_code(root: Path) -> set[str]:
    """The keywords of every ``audit.record(…)``, of calls of functions that hand theirs on to it,
    and the keys of changes that are written out."""
    found: set[str] = set()
    for room in ROOMS:
        for path in (root / room).rglob("*.py"):
            text = path.read_text("utf-8")
            if "audit.record" in text:
                found |= set(_told(ast.parse(text)))
    return found - _OWN


def _told(tree: ast.Module) -> Iterator[str]:
    handing_on: set[str] = set()
    known = -1
    while known < len(handing_on):           # by one that hands on to one that hands on
        known = len(handing_on)
        handing_on |= {each.name for each in ast.walk(tree)
                       if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))
                       and each.args.kwarg and any(
                           _hands_on(call, each.args.kwarg.arg) for call in _calls(each)
                           if _writes(call, handing_on))}
    for call in _calls(tree):
        if _writes(call, handing_on):
            for keyword in call.keywords:
                if keyword.arg:
                    yield keyword.arg
                if keyword.arg in ("before", "after") and isinstance(keyword.value, ast.Dict):
                    yield from (key.value for key in keyword.value.keys
                                if isinstance(key, ast.Constant) and isinstance(key.value, str))


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (each for each in ast.walk(tree) if isinstance(each, ast.Call))


def _writes(call: ast.Call, handing_on: set[str]) -> bool:
    return _records(call) or (isinstance(call.func, ast.Name) and call.func.id in handing_on)


def _records(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "record" and isinstance(
        call.func.value, ast.Name) and call.func.value.id == "audit"


def _hands_on(call: ast.Call, name: str) -> bool:
    return any(keyword.arg is None and isinstance(keyword.value, ast.Name)
               and keyword.value.id == name for keyword in call.keywords)
