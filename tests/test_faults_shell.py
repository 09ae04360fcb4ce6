"""Surroundings that are missing or hostile: homes, folders to be in, streams, locales, clocks and masks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from drawings import make_shot
from faulty import list_changes, read_tree, run

_OPTIONS = ("--fit", "2", "--report")


def lose_home() -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "USER", "LOGNAME"):
        os.environ.pop(name, None)


def be_unknown() -> None:
    """A user number without a name or a home, as containers give."""
    import pwd

    lose_home()
    pwd.getpwuid = _unknown  # type: ignore[assignment]


def _unknown(number: int) -> object:
    raise KeyError(f"getpwuid(): uid not found: {number}")


def lose_temporary_folder() -> None:
    os.environ["TMPDIR"] = "/nowhere/at/all"


def lose_working_folder() -> None:
    folder = Path(f"/tmp/gone-{os.getpid()}")
    folder.mkdir()
    os.chdir(folder)
    folder.rmdir()


def turn_the_clock_back() -> None:
    told = iter(range(2_000_000_000, 0, -1000))
    time.time = lambda: float(next(told))


def close(*numbers: int) -> None:
    """As a shell's >&- does: Python has no stream then, and the next file to be opened gets the number."""
    for number in numbers:
        os.close(number)
        for name in (("stdin", "__stdin__"), ("stdout", "__stdout__"), ("stderr", "__stderr__"))[number]:
            setattr(sys, name, None)


def speak_ascii() -> None:
    os.environ.update(LC_ALL="C", LANG="C", PYTHONIOENCODING="ascii")


SURROUNDINGS: dict[str, Callable[[], object]] = {
    "no home": lose_home,
    "a user whom nobody knows": be_unknown,
    "no temporary folder": lose_temporary_folder,
    "a working folder that was deleted": lose_working_folder,
    "a clock that runs backwards": turn_the_clock_back,
    "a mask that forbids everything": partial(os.umask, 0o777),
    "no input": partial(close, 0),
    "no stdout": partial(close, 1),
    "no stderr": partial(close, 2),
    "no streams": partial(close, 0, 1, 2),
    "ascii": speak_ascii,
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a run leaves in peace."""
    folder = tmp_path_factory.mktemp("peace")
    root = make_shot(folder / "cut", 3, (0, 2), name="\u7dda.{:04d}.png")
    assert run("colorize", root, *_OPTIONS, printed=folder / "printed").code == 0
    return read_tree(root / "color")


@pytest.mark.parametrize("kind", SURROUNDINGS)
def test_surroundings_change_nothing(tmp_path: Path, expected: dict[str, object], kind: str) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2), name="\u7dda.{:04d}.png")
    ended = run("colorize", root, *_OPTIONS, printed=tmp_path / "printed", prelude=SURROUNDINGS[kind])
    assert ended.code == 0, ended
    assert "Traceback" not in ended.text and "Exception ignored" not in ended.text
    for path in [root / "color", *(root / "color").rglob("*")]:
        path.chmod(0o700)
    assert list_changes(read_tree(root / "color"), expected) == []


def test_relative_names_in_a_folder_that_was_deleted(tmp_path: Path) -> None:
    ended = run("colorize", "cut", *_OPTIONS, printed=tmp_path / "printed", prelude=lose_working_folder)
    assert ended.code == 2
    assert "error: " in ended.text and "Traceback" not in ended.text
