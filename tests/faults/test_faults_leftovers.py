"""What killed runs leave in the output folder goes with the next run; what others still work on stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from drawings import SIZE, draw, make_shot
from faulty import list_changes, read_tree
from painting import FIT, copy_shot, paint

from framecolor.core.files import clear_drafts, write_bytes_atomic
from framecolor.media.movie_writer import MovieWriter
from framecolor.output.lock import claim_output

pytestmark = pytest.mark.usefixtures("quick_engine")

_FOLDERS = (".", "line", "matte", "cryptomatte", "keys", ".framecolor", ".framecolor/parts")


def leave_draft(path: Path) -> Path:
    """Write a file in a process that is killed just before the file gets its name; the draft that it leaves."""
    program = (
        "import os, sys; from pathlib import Path; from framecolor.core.files import write_bytes_atomic\n"
        "Path.replace = lambda *_: os.kill(os.getpid(), 9)\n"
        "write_bytes_atomic(sys.argv[1], b'half')"
    )
    subprocess.run([sys.executable, "-c", program, path], check=False)
    (draft,) = path.parent.glob(f".{path.name[:20]}*.tmp")
    return draft


def test_the_next_run_clears_the_drafts_of_a_killed_one(tmp_path: Path, painted_shot: Path) -> None:
    root = copy_shot(painted_shot, tmp_path / "cut")
    draft = leave_draft(tmp_path / "cut.1004.png")
    for folder in _FOLDERS:
        (root / "color" / folder).mkdir(exist_ok=True)
        (root / "color" / folder / draft.name).write_bytes(b"half")
    paint(root, fit=FIT)
    assert list_changes(read_tree(root / "color"), {**read_tree(painted_shot / "color"), **empty(*_FOLDERS[1:5])}) == []


def empty(*folders: str) -> dict[str, object]:
    """Folders as `read_tree` tells them."""
    return dict.fromkeys(folders, 16384)


def test_drafts_of_others_stay_until_they_are_old(tmp_path: Path) -> None:
    dead = leave_draft(tmp_path / "frame.png").name
    machine, process = dead.split(".")[-2].split("-")[:2]
    alive = dead.replace(f"-{process}-", f"-{os.getpid()}-")
    elsewhere = dead.replace(machine, "0" * 8)
    for name in (alive, elsewhere, ".frame.png.tmp", "frame.png", ".notes.txt"):
        (tmp_path / name).write_bytes(b"")
    clear_drafts(tmp_path)
    assert sorted(read_tree(tmp_path)) == sorted([alive, elsewhere, ".frame.png.tmp", "frame.png", ".notes.txt"])
    for name in (alive, elsewhere, ".notes.txt"):
        os.utime(tmp_path / name, (time.time() - 4000,) * 2)
    clear_drafts(tmp_path)
    assert sorted(read_tree(tmp_path)) == [".frame.png.tmp", ".notes.txt", "frame.png"]


def test_a_process_that_nobody_has_waited_for_is_dead(tmp_path: Path) -> None:
    dead = leave_draft(tmp_path / "frame.png")
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        while Path(f"/proc/{ended.pid}/stat").read_text().split()[2] != "Z":
            time.sleep(0.01)
        process = dead.name.split(".")[-2].split("-")[1]
        dead.rename(tmp_path / dead.name.replace(f"-{process}-", f"-{ended.pid}-"))
        clear_drafts(tmp_path)
    assert read_tree(tmp_path) == {}


def test_drafts_fit_where_the_longest_name_fits(tmp_path: Path) -> None:
    for name in ("a" * 251 + ".png", "\u6f22" * 83 + ".1.png", "\udcff" * 240 + ".0001.png"):
        write_bytes_atomic(tmp_path / name, b"whole")
        assert (tmp_path / name).read_bytes() == b"whole"


def test_a_movie_clears_what_a_killed_one_left(tmp_path: Path) -> None:
    leave_draft(tmp_path / "cut.mov")
    with MovieWriter(tmp_path / "cut.mov", SIZE) as movie:
        movie.write(draw(0)[1])
    assert sorted(read_tree(tmp_path)) == ["cut.mov"]


def test_a_run_that_kept_nothing_leaves_nothing_but_its_lock(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    (root / "color/.framecolor/parts").mkdir(parents=True)
    paint(root)
    assert [path.name for path in (root / "color/.framecolor").iterdir()] == ["lock"], (
        "one that was killed had made more"
    )
    with claim_output(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()


def test_a_fit_that_was_stopped_leaves_nothing_once_there_is_a_whole_one(tmp_path: Path, painted_shot: Path) -> None:
    root = copy_shot(painted_shot, tmp_path / "cut")
    (fit,) = (root / "color/.framecolor").glob("fit-*.safetensors")
    fit.with_suffix(".partial").write_bytes(b"of a task that was killed when another one was done")
    paint(root, fit=FIT)
    assert list_changes(read_tree(root / "color"), read_tree(painted_shot / "color")) == []
