"""A cut folder of two cels with an exposure sheet, and the command line that is asked about it."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result
from drawings import draw
from timesheets import describe_xdts, write_xdts

from framecolor import cli
from framecolor.media import write_image

NOTHING = "SYMBOL_NULL_CELL"


def add(folder: Path, cel: str, *numbers: int, painted: bool = False, step: int = 0) -> None:
    """Drawings of a figure at a place that follows from its number, or the same painted."""
    for number in numbers:
        write_image(folder / f"{cel.lower()}{number:04d}.png", draw(number + step)[painted])


def make_cut(root: Path, line: str = "Line", keys: str = "Keys") -> Path:
    """Cel A of five drawings and B of three, one or two of them painted; a sheet of a second that reuses drawings."""
    add(root / line / "A", "a", 1, 2, 3, 4, 5)
    add(root / line / "B", "b", 1, 2, 3)
    add(root / keys / "A", "a", 1, 5, painted=True)
    add(root / keys / "B", "b", 1, painted=True)
    return root


def write_sheet(root: Path) -> Path:
    a = [(0, "1"), (3, "2"), (6, "3"), (9, "2"), (12, "5"), (15, "7"), (20, NOTHING)]
    b = [(0, NOTHING), (6, "b1"), (12, "2"), (18, "1")]
    return write_xdts(root / "cut.xdts", describe_xdts(24, {"A": a, "B": b}))


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.framecolor, [str(argument) for argument in arguments])
