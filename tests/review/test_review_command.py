"""framecolor review: what it refuses before it opens a page. tests/review/test_kills.py runs and ends it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from cut_folders import make_cut
from drawings import make_shot

from framecolor.cli import main


def refuse(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """What the command prints to stderr when it ends with 2."""
    with pytest.raises(SystemExit) as stop:
        main(["review", "--no-browser", *map(str, words)])
    assert stop.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


@pytest.mark.parametrize(
    "options, said",
    [
        (("--fit", "20"), "takes minutes after each edit"),
        (("--stencils", "masks"), "--stencils belongs to colorize"),
        (("--format", "tlv"), "one file of all frames"),
        (("--corrections", "none"), "review saves corrections"),
        (("--recolor", "none"), "review saves corrections and colors"),
        (("--keys", "nowhere"), "there is no such folder"),
        (("-o", "{root}/line"), "would be overwritten"),
    ],
)
def test_what_cannot_be_reviewed_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], said: str
) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    assert said in refuse(capsys, root, *(word.format(root=root) for word in options))
    assert sorted(path.name for path in root.iterdir()) == ["keys", "line"]


def test_a_whole_cut_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "one is reviewed at a time" in refuse(capsys, make_cut(tmp_path / "Cut-005"))


def test_a_port_that_is_taken_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "choose another --port" in refuse(capsys, root, "--port", str(taken.getsockname()[1]))
