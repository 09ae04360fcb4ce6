"""Where references are found, and what is said of files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from cut_folders import make_cut
from drawings import draw, make_shot, refuse

from framecolor import Shot
from framecolor.media import write_image
from framecolor.shot.references import Reference


def put(folder: Path, name: str, *, line: bool = False) -> Path:
    """Write a painted picture, and its line art beside it."""
    drawn, painted = draw(1)
    write_image(folder / name, painted)
    if line:
        write_image(folder / "line" / name, drawn)
    return folder / name


def test_references_are_found_in_the_shot_and_in_its_show(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "show/cut", 2)
    own, shared = put(root / "references", "anna.png", line=True), put(tmp_path / "show/references", "sheet.png")
    line = root / "references/line/anna.png"
    found = Shot.open(root).references
    assert found == (Reference(own, line, "shot"), Reference(shared, None, "show"))
    assert not Shot.open(root).warnings
    assert Shot.open(root, references="none").references == ()
    link = tmp_path / "elsewhere"
    link.symlink_to(root, target_is_directory=True)
    assert [one.painted.name for one in Shot.open(link).references] == ["anna.png", "sheet.png"]


def test_a_named_folder_replaces_them(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2)
    put(root / "references", "anna.png")
    other = put(tmp_path / "others", "berta.png")
    assert Shot.open(root, references=tmp_path / "others").references == (Reference(other),)


def test_cels_share_the_references_of_their_cut(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-005")
    own = put(cut / "References", "anna.png")
    for cel in "AB":
        assert Shot.open(cut / "Line" / cel).references == (Reference(own, None, "shot"),)


def test_files_without_use_are_named(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2)
    folder = put(root / "references", "anna.png").parent
    put(folder / "line", "berta.png")
    (folder / "sheet.clip").write_bytes(b"x")
    (folder / "notes.txt").write_bytes(b"x")
    texts = " ".join(Shot.open(root).warnings)
    assert "sheet.clip" in texts and "berta.png" in texts.replace("berta", "berta.png") and "notes" not in texts


def test_line_art_has_the_name_of_its_painting(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2)
    folder = put(root / "references", "Zoe\u0301.png").parent
    put(folder / "line", "Zo\u00e9.png")
    put(folder / "line", "Zo\u00e9.tga")
    shot = Shot.open(root)
    assert shot.references[0].line == folder / "line/Zo\u00e9.png"
    assert len(shot.warnings) == 1 and "Zo\u00e9.tga" in shot.warnings[0]


def test_references_are_not_named_as_a_shot_of_their_show(tmp_path: Path) -> None:
    make_shot(tmp_path / "show/cut", 2)
    put(tmp_path / "show/references", "cut.1001.png", line=True)
    refuse(tmp_path / "show", "holds the shot cut;")


@pytest.mark.parametrize("name", ["none-such", "empty"])
def test_a_named_folder_without_pictures_is_refused(tmp_path: Path, name: str) -> None:
    root = make_shot(tmp_path / "cut", 2)
    (tmp_path / "empty").mkdir()
    refuse(root, name, "--references", references=tmp_path / name)
