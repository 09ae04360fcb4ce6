"""Surroundings that are missing or hostile: homes, folders to be in, streams, locales, clocks and masks."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
from drawings import make_shot
from faulty import list_changes, read_tree, run

_PAINT = ("--fit", "0", "--report")
_FIT = ("--fit", "2", "--report")


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


def print_to(number: int) -> None:
    for stream in (1, 2):
        os.dup2(number, stream)


def lose_the_reader() -> None:
    """As `2>&1 | head -1` does."""
    reader, writer = os.pipe()
    os.close(reader)
    print_to(writer)


def fill_the_log() -> None:
    """As `> log 2>&1` does on a full disk."""
    print_to(os.open("/dev/full", os.O_WRONLY))


def speak_ascii() -> None:
    os.environ.update(LC_ALL="C", LANG="C", PYTHONIOENCODING="ascii")


HOMELESS: dict[str, Callable[[], object]] = {
    "no home": lose_home,
    "a user whom nobody knows": be_unknown,
    "no temporary folder": lose_temporary_folder,
}
"""Where PyTorch, which fits, has no place for what it keeps."""

SURROUNDINGS: dict[str, Callable[[], object]] = {
    **HOMELESS,
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
def expected(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[str, ...]], dict[str, object]]:
    """What a run with some options leaves in peace."""

    @cache
    def leave(options: tuple[str, ...]) -> dict[str, object]:
        folder = tmp_path_factory.mktemp("peace")
        root = make_shot(folder / "cut", 3, (0, 2), name="\u7dda.{:04d}.png")
        assert run("colorize", root, *options, printed=folder / "printed").code == 0
        return read_tree(root / "color")

    return leave


@pytest.mark.parametrize("kind", SURROUNDINGS)
def test_surroundings_change_nothing(
    tmp_path: Path, expected: Callable[[tuple[str, ...]], dict[str, object]], kind: str
) -> None:
    options = _FIT if kind in HOMELESS else _PAINT
    root = make_shot(tmp_path / "cut", 3, (0, 2), name="\u7dda.{:04d}.png")
    ended = run("colorize", root, *options, printed=tmp_path / "printed", prelude=SURROUNDINGS[kind])
    assert ended.code == 0, ended
    assert "Traceback" not in ended.text and "Exception ignored" not in ended.text
    for path in [root / "color", *(root / "color").rglob("*")]:
        path.chmod(0o700)
    assert list_changes(read_tree(root / "color"), expected(options)) == []


@pytest.mark.parametrize("prelude", [lose_the_reader, fill_the_log])
def test_a_shot_is_painted_though_nobody_listens(tmp_path: Path, prelude: Callable[[], object]) -> None:
    """One drawing cannot be read: exit code 1, and the others are there."""
    root = make_shot(tmp_path / "cut", 3, (0,))
    (root / "line/cut.1002.png").write_bytes(b"")
    ended = run("colorize", root, "--progress", "json", printed=tmp_path / "printed", prelude=prelude)
    assert (ended.code, ended.text) == (1, "")
    painted = json.loads((root / "color/framecolor.json").read_text())["frames"]
    assert [frame["status"] for frame in painted] == ["key", "failed", "painted"]


def test_relative_names_in_a_folder_that_was_deleted(tmp_path: Path) -> None:
    ended = run("colorize", "cut", *_PAINT, printed=tmp_path / "printed", prelude=lose_working_folder)
    assert ended.code == 2
    assert "error: " in ended.text and "Traceback" not in ended.text
