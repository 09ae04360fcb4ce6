"""The package's layers: imports point downward only, and the command line starts without the heavy modules."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import framecolor

PACKAGE = Path(framecolor.__file__).parent

# Exceptions that a layer's rank alone does not tell: who may never import what.
NEVER = {
    "training": {"engines", "render"},
    "shot": {"engines", "networks", "matching"},
    "output": {"engines", "networks", "matching", "lineart"},
    "report": {"engines", "networks", "matching", "keys", "propagation", "render", "pipeline"},
    "media": {"lineart"},
    "lineart": {"media"},
    "matching": {"networks"},
    "render": {"media", "shot", "colorists"},
    "networks": {"media", "matching"},
}


def read_layers() -> list[set[str]]:
    """The layers as `docs/architecture.md` lists them, from the ground up."""
    page = (PACKAGE.parent / "docs/architecture.md").read_text("utf-8")
    listed = page.split("<!-- layers: from the top -->")[1].split("<!-- /layers -->")[0]
    rows = [re.split(r"\s{2,}", line.strip())[0] for line in listed.strip().splitlines()]
    return [set(row.split(" · ")) for row in reversed(rows)]


def part_of(module: str) -> str:
    """The part of the package that a module belongs to: media for framecolor.media.decode."""
    return module.split(".")[1] if "." in module else ""


def imports_of(path: Path) -> set[str]:
    """Parts of the package that a file imports anywhere, also inside of functions; not those for types only."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {part_of(alias.name) for alias in node.names if alias.name.startswith("framecolor.")}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, f"{path}: relative import"
            if node.module == "framecolor":
                names = {alias.name for alias in node.names}
                found |= {part_of(f"framecolor.{home(name)}") for name in names}
            elif node.module.startswith("framecolor."):
                found.add(part_of(node.module))
    return found


def home(name: str) -> str:
    """The module behind a public name of the package."""
    return framecolor._HOMES.get(name, name)


def files() -> list[tuple[str, Path]]:
    """(part, file) of everything in the package but its front door."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] not in ("__init__", "__main__"):
            found.append((parts[0], path))
    return found


RANK = {part: rank for rank, layer in enumerate(read_layers()) for part in layer}


def test_every_part_has_a_layer() -> None:
    assert {part for part, _ in files()} == {*RANK, "training"}


def test_every_folder_says_what_it_may_import() -> None:
    silent = [
        folder.name
        for folder in PACKAGE.iterdir()
        if (folder / "__init__.py").exists() and not re.search(r"\bImports\b", module_text(folder / "__init__.py"))
    ]
    assert silent == []


def module_text(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""


def test_imports_point_downward() -> None:
    wrong = []
    for part, path in files():
        for other in imports_of(path) - {part, "training"}:
            rank = RANK["pipeline"] if part == "training" else RANK[part]
            if RANK[other] > rank or other in NEVER.get(part, ()):
                wrong.append(f"{path.relative_to(PACKAGE)} imports {other}")
    assert wrong == []


def modules_of(path: Path) -> set[str]:
    """Modules of the package that a file imports anywhere, also inside of functions; not those for types only."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("framecolor."):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {str(name) for name in found}


def test_no_modules_import_each_other_in_a_circle() -> None:
    names = {".".join(("framecolor", *path.relative_to(PACKAGE).with_suffix("").parts)): path for _, path in files()}
    graph = {name: modules_of(path) & names.keys() for name, path in names.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_nothing_but_the_command_line_imports_training() -> None:
    assert [
        str(path) for part, path in files() if "training" in imports_of(path) and part not in ("training", "cli")
    ] == []


def test_only_media_imports_av() -> None:
    """Files go in and out in one place; training encodes pictures that never ship, bench times the bare codec."""
    for part, path in files():
        if part not in ("media", "training", "bench"):
            tree = ast.parse(path.read_text("utf-8"))
            names = {alias.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
            names |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
            assert "av" not in names, path


def test_nothing_is_unpickled() -> None:
    for _, path in files():
        text = path.read_text("utf-8")
        for word in ("import pickle", "torch.load", "allow_pickle=True", "imread(", "imwrite("):
            assert word not in text, f"{path} has {word}"


def test_the_command_line_starts_light() -> None:
    heavy = ("torch", "cv2", "av", "openvino", "numpy")
    program = (
        "import sys, framecolor, framecolor.cli\n"
        "from framecolor.cli import framecolor as group\n"
        "import click\n"
        "group.get_help(click.Context(group))\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")
