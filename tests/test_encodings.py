"""Text files and programs are read in an encoding that the code names: the default is another one on every system."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def calls_without_encoding(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or any(word.arg == "encoding" for word in node.keywords):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [value.value for value in [*node.args, *(word.value for word in node.keywords)]
                 if isinstance(value, ast.Constant) and isinstance(value.value, str)]  # fmt: skip
        if (
            (name == "read_text" and not node.args)
            or (name == "write_text" and len(node.args) < 2)
            or (name == "open" and any(text in ("r", "w", "a", "x", "r+", "w+", "rt", "wt") for text in texts))
            or (isinstance(node.func, ast.Name) and name == "open" and len(node.args) + len(node.keywords) == 1)
            or any(word.arg in ("text", "universal_newlines") for word in node.keywords)
        ):
            yield node


@pytest.mark.parametrize("folder", ["framecolor", "scripts", "benchmarks"])
def test_every_text_has_an_encoding(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call)}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for call in calls_without_encoding(ast.parse(path.read_text("utf-8")))
        if not ast.unparse(call.func).startswith("av.")
    ]
    assert found == []
