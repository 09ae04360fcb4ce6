"""What lies in a shot's folders and is not used is named, once, with the reason; clean shots have no warning."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cut_folders import invoke, make_cut
from drawings import draw, make_shot, refuse

from framecolor import Shot
from framecolor.doctor import examine, find_target
from framecolor.media import encode_image, write_image


def add(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def list_warnings(root: Path) -> list[str]:
    """Warnings of a shot, which plan and doctor show as well, each once."""
    warnings = [*Shot.open(root).warnings]
    shown = [line.removeprefix("warning   ") for line in invoke("plan", root).stdout.splitlines()]
    found = [finding.what for finding in examine(find_target(root)) if finding.topic == "shot"]
    for warning in warnings:
        assert shown.count(warning) == 1 and found.count(warning) == 1, (warning, shown)
    return warnings


SPOILED = {
    "line/old.clip": "of a kind that is not read",
    "line/A.kra": "of a kind that is not read",
    "keys/1001.heic": "of a kind that is not read",
    "keys/key.png": "without a number in the name",
    "keys/cut.1001.mov": "that is a movie",
    "hints/stroke.svg": "of a kind that is not read",
    "stencils/mask.png": "without a number in the name",
    "line/layout_a.png": "without a number in the name",
    "line/B0001.psd": "of another sequence than the drawings",
    "line/cut.1001_rough.png": "as drawing 1001 has cut.1001.png",
    "references/anna.clip": "as no picture that can be read",
}


@pytest.mark.parametrize("name", SPOILED)
def test_files_that_are_not_used_are_named(tmp_path: Path, name: str) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    add(root / name)
    (warning,) = list_warnings(root)
    path = root / name
    assert warning.startswith(f"{path.parent}: not used") and SPOILED[name] in warning and path.name in warning


def test_links_and_folders_are_named(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    (root / "line/cut.1004.png").symlink_to(tmp_path / "gone.png")
    (root / "keys/cut.1003.png").symlink_to("cut.1003.png")  # a loop
    (root / "keys/A").mkdir()
    (root / "references/more").mkdir(parents=True)
    (root / "references/b.png").symlink_to("nowhere")
    (root / "hints").symlink_to(tmp_path / "no hints")
    add(root / "Stencils", b"a file")
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "keys/cut.1002.png")
    text = "\n".join(list_warnings(root))
    for words in (
        "link to nothing; restore what it names: cut.1004.png",
        "link to nothing; restore what it names: cut.1003.png",
        "folders are not searched: A/",
        "folders are not searched: more/",
        "link to nothing; restore what it names: b.png",
        "hints that is a link to nothing",
        "Stencils that is a file, where a folder is expected",
        "no regular file: cut.1002.png",
    ):
        assert text.count(words) == 1, (words, text)


def test_a_picture_under_another_ending_is_named(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    add(root / "keys/cut.png.1003", encode_image(draw(2)[1]))
    add(root / "keys/notes.1002", b"no picture")
    (warning,) = list_warnings(root)
    assert "its name does not end as one; rename it: cut.png.1003" in warning


def test_a_work_file_beside_a_key_is_named_and_does_no_harm(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    for name in ("keys/cut.1001.psd", "line/cut.1001.psd", "line/cut.1002.gif"):
        add(root / name)
    text = "\n".join(list_warnings(root))
    assert "keys: not used: 1 file as drawing 1001 has cut.1001.png: cut.1001.psd" in text
    assert "as drawing 1002 has cut.1002.png: cut.1002.gif" in text


def test_clean_shots_have_no_warning(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    for name in ("line/Thumbs.db", "line/.DS_Store", "line/._cut.1001.png", "keys/desktop.ini", "keys/notes.txt"):
        add(root / name)
    assert list_warnings(root) == []
    write_image(root / "drawings/a.0001.png", draw(0)[0])
    write_image(root / "drawings/keys/a.0001.png", draw(0)[1])
    (root / "drawings/color").mkdir()
    assert Shot.open(root / "drawings", keys=root / "drawings/keys").warnings == ()
    assert [Shot.open(folder).warnings for folder in sorted((make_cut(tmp_path / "Cut-1") / "Line").iterdir())] == [
        (),
        (),
    ]


def test_what_belongs_to_no_cel_is_named_once(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-1")
    write_image(cut / "Keys/a0003.png", draw(0)[1])
    write_image(cut / "Keys/C/c0001.png", draw(0)[1])
    add(cut / "Line/all cels.clip")
    add(cut / "cut.sts")
    lines = [line for line in invoke("plan", cut).stdout.splitlines() if line.startswith("warning")]
    for words in ("beside the folders of the cels", "a cel that is not in line/: C", "all cels.clip", "cut.sts"):
        assert len([line for line in lines if words in line]) == 1, (words, lines)
    assert len(lines) == 4


@pytest.mark.parametrize("role", ["keys", "hints", "references"])
def test_a_named_folder_that_gives_nothing_is_an_error(tmp_path: Path, role: str) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    folder = tmp_path / "given"
    folder.mkdir()
    refuse(root, "given: the folder holds no picture", f"--{role}", **{role: folder})
    add(folder / "key.clip")
    refuse(root, "given: the folder holds no picture", **{role: folder})
    if role != "references":
        refuse(root, "1 file of a kind that is not read", "key.clip", **{role: folder})


def test_drawings_of_which_none_is_read_are_told_as_what_they_are(tmp_path: Path) -> None:
    for name in ("a0001.clip", "a0002.clip", "b.png"):
        add(tmp_path / "cut/line" / name)
    message = refuse(tmp_path / "cut", "line: the folder holds no numbered images")
    assert "2 files of a kind that is not read; export PNG, TGA, TIFF or EXR: a0001.clip, a0002.clip" in message
    assert "1 file without a number in the name" in message


def test_a_fault_of_another_cel_stops_none(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-1")
    write_image(cut / "Line/C.R1/c0001.png", draw(0)[0])  # a retake of no cel
    assert Shot.open(cut / "Line/A").numbers == (1, 2, 3, 4, 5)
