"""Files on other systems: renames onto open files, paths that were written on Windows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from framecolor import OutputError
from framecolor.core import files
from framecolor.core.files import read_name, write_bytes_atomic


class HeldFile:
    """An os.replace that fails `times` times, as if another program had the file open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        self.times, self.asked, self.waited = times, 0, list[float]()
        self._replace = os.replace
        monkeypatch.setattr(os, "replace", self)
        monkeypatch.setattr(files.time, "sleep", self.waited.append)

    def __call__(self, source: Path, target: Path) -> None:
        self.asked += 1
        if self.asked <= self.times:
            raise PermissionError(13, "Access is denied")
        self._replace(source, target)


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_PAUSES_SECONDS", (0.1, 0.2, 0.4))


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("times", [0, 1, 3])
def test_a_file_that_is_held_for_a_moment_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    held = HeldFile(monkeypatch, times)
    (tmp_path / "frame.png").write_bytes(b"old")
    write_bytes_atomic(tmp_path / "frame.png", b"new")
    assert (tmp_path / "frame.png").read_bytes() == b"new"
    assert held.waited == [0.1, 0.2, 0.4][:times]


@pytest.mark.usefixtures("windows")
def test_a_file_that_stays_held_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = HeldFile(monkeypatch, 100)
    (tmp_path / "frame.png").write_bytes(b"old")
    with pytest.raises(OutputError, match="Access is denied"):
        write_bytes_atomic(tmp_path / "frame.png", b"new")
    assert held.asked == 4
    assert [path.name for path in tmp_path.iterdir()] == ["frame.png"]


@pytest.mark.skipif(os.name == "nt", reason="for other systems")
def test_other_systems_do_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = HeldFile(monkeypatch, 1)
    with pytest.raises(OutputError):
        write_bytes_atomic(tmp_path / "frame.png", b"new")
    assert (held.asked, held.waited) == (1, [])


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("palettes/show.gpl", "palettes/show.gpl"),
        (r"palettes\show.gpl", "palettes/show.gpl"),
        (r"..\show\show.gpl", "../show/show.gpl"),
        (r"D:\show\show.gpl", "D:/show/show.gpl"),
        (r"\\server\show\show.gpl", "//server/show/show.gpl"),
    ],
)
def test_paths_of_windows_are_read(tmp_path: Path, text: str, path: str) -> None:
    assert read_name(text, tmp_path) == path


@pytest.mark.skipif(os.name == "nt", reason="such names do not exist on Windows")
def test_a_backslash_is_kept_if_such_a_file_exists(tmp_path: Path) -> None:
    (tmp_path / r"a\b.gpl").touch()
    assert read_name(r"a\b.gpl", tmp_path) == r"a\b.gpl"
