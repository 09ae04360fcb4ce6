"""A show's memory: which painted drawings of a shot are kept as references, and how."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from cut_folders import make_cut
from drawings import COAT, draw, make_shot
from movie_files import write_lossless
from painting import paint

from framecolor import OutputError, Shot, ShotError, cli
from framecolor.media import read_image, write_image
from framecolor.pipeline.show_memory import add_references
from framecolor.shot.corrections import Correction, write_corrections
from framecolor.shot.references import MOST_READ

GREEN = (20, 160, 60, 255)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_shot(tmp_path / "show/cut", 7, (0, 1, 6))


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_keys_are_kept_with_their_line_art_beside_the_shot(root: Path) -> None:
    (kept,) = add_references(Shot.open(root), most=1)
    folder = root.parent / "references"
    assert (kept.state, kept.path) == ("new", folder / f"cut.{kept.number}.png")
    assert names(folder) == [f"cut.{kept.number}.png", f"line/cut.{kept.number}.png"]
    assert kept.path.read_bytes() == (root / f"keys/cut.{kept.number}.png").read_bytes()
    other = Shot.open(make_shot(root.parent / "next", 2))
    assert [(one.painted, one.line is not None) for one in other.references] == [(kept.path, True)]


def test_drawings_with_new_colors_come_first_and_likeness_is_not_kept_twice(root: Path) -> None:
    _, painted = draw(6)
    painted[(painted == COAT).all(axis=2)] = GREEN
    painted[2:30, 2:30] = COAT
    write_image(root / "keys/cut.1007.png", painted)
    numbers = [kept.number for kept in add_references(Shot.open(root), most=2)]
    assert numbers[0] == 1007
    shutil.copy(root / "keys/cut.1001.png", root / "keys/cut.1002.png")
    assert len(add_references(Shot.open(root), root / "some", most=9)) == 2


def test_nothing_is_kept_twice_and_a_changed_key_replaces_its_older_state(root: Path) -> None:
    folder = root.parent / "references"
    first = add_references(Shot.open(root), most=1)
    before = names(folder)
    assert [kept.state for kept in add_references(Shot.open(root), most=1)] == ["there"]
    first[0].path.rename(folder / "renamed.png")
    assert add_references(Shot.open(root), most=1)[0].path == folder / "renamed.png"
    (folder / "renamed.png").rename(first[0].path)
    key = root / f"keys/cut.{first[0].number}.png"
    painted = read_image(key)
    painted[(painted == COAT).all(axis=2)] = GREEN
    write_image(key, painted)
    for number in {1001, 1002, 1007} - {first[0].number}:
        (root / f"keys/cut.{number}.png").unlink()
    assert [kept.state for kept in add_references(Shot.open(root), most=1)] == ["changed"]
    assert names(folder) == before and first[0].path.read_bytes() == key.read_bytes()


def test_line_art_that_is_missing_or_was_changed_is_copied_again(root: Path) -> None:
    (first,) = add_references(Shot.open(root), most=1)
    line, copy = root / f"line/cut.{first.number}.png", root.parent / f"references/line/cut.{first.number}.png"
    write_image(line, draw(3)[0])
    write_image(copy.with_suffix(".tga"), draw(5)[0])
    assert [kept.state for kept in add_references(Shot.open(root), most=1)] == ["changed"]
    copy.unlink()
    assert [kept.state for kept in add_references(Shot.open(root), most=1)] == ["changed"]
    assert copy.read_bytes() == line.read_bytes() and not copy.with_suffix(".tga").exists()
    assert [kept.state for kept in add_references(Shot.open(root), most=1)] == ["there"]


def test_hidden_shots_are_kept_under_names_that_are_found_and_empty_keys_are_not_kept(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "show/.cut", 2, (0, 1))
    write_image(root / "keys/cut.1002.png", np.zeros_like(draw(1)[1]))
    (kept,) = add_references(Shot.open(root))
    assert kept.path.name == "cut.1001.png"


@pytest.mark.usefixtures("quick_engine")
def test_corrected_frames_are_kept_as_painted(root: Path) -> None:
    corrections = root / "corrections.json"
    write_corrections(corrections, "cut", [Correction(1004, 45, 62, GREEN)])
    paint(root, corrections=corrections)
    shutil.rmtree(root / "keys")
    (kept,) = add_references(Shot.open(root))
    assert kept.number == 1004 and (read_image(kept.path)[66, 45] == GREEN).all()


def test_cels_and_movies_are_kept(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-005")
    add_references(Shot.open(cut / "Line/B"))
    assert names(tmp_path / "references") == ["Cut-005.B.0001.png", "line/Cut-005.B.0001.png"]
    movie = tmp_path / "movies/sh010.mkv"
    movie.parent.mkdir()
    write_lossless(movie, [draw(step)[0] for step in range(2)])
    write_image(tmp_path / "keys/0002.png", draw(1)[1])
    add_references(Shot.open(movie, keys=tmp_path / "keys"), tmp_path / "kept")
    assert names(tmp_path / "kept") == ["line/sh010.0002.png", "sh010.0002.png"]


def test_a_shot_without_painted_drawings_is_refused(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2)
    shutil.rmtree(root / "keys")
    with pytest.raises(ShotError, match="key"):
        add_references(Shot.open(root))
    assert not (tmp_path / "references").exists()


def test_a_memory_is_not_larger_than_what_is_used(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    for number in range(MOST_READ):
        write_image(folder / f"{number:02d}.png", draw(number)[1])
    (folder / "00.png").write_bytes((root / "keys/cut.1001.png").read_bytes())
    for name in ("cut.1002.png", "cut.1007.png"):
        (root / "keys" / name).rename(tmp_path / name)
    assert [kept.state for kept in add_references(Shot.open(root), folder)] == ["there"]
    painted = draw(6)[1]
    painted[(painted == COAT).all(axis=2)] = GREEN
    write_image(root / "keys/cut.1007.png", painted)
    with pytest.raises(OutputError, match=str(MOST_READ)):
        add_references(Shot.open(root), folder)
    (folder / "05.png").rename(folder / "cut.1007.png")
    assert "changed" in [kept.state for kept in add_references(Shot.open(root), folder)]
    write_image(folder / "more.png", draw(0)[1])
    shot = Shot.open(root, references=folder)
    assert len(shot.references) == MOST_READ and "more.png" in " ".join(shot.warnings)


def test_the_command_names_what_it_keeps(root: Path, tmp_path: Path) -> None:
    words = ["references", "add", str(root), "--to", str(tmp_path / "memory"), "--most", "1"]
    for state in ("added", "is there already"):
        result = CliRunner().invoke(cli.framecolor, words)
        assert result.exit_code == 0 and state in result.output and "memory" in result.output
