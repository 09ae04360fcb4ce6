"""What is made of a painted cut: movies of its cels over each other, and cels in other colors."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from cut_folders import add, invoke, make_cut, write_sheet
from painting import paint, read_bytes, read_frames
from timesheets import describe_xdts, write_xdts

from framecolor import write_movie
from framecolor.core.compositing import lay_over
from framecolor.media import Movie, read_image, write_image


@pytest.fixture(scope="module")
def painted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_cut(tmp_path_factory.mktemp("cut") / "Cut-005")
    write_sheet(root)
    for cel in ("A", "B"):
        paint(root / "Line" / cel, mattes=True)
    return root.parent


@pytest.fixture
def painted(painted_once: Path, tmp_path: Path, quick_engine: None) -> Path:
    """A painted cut, to change."""
    shutil.copytree(painted_once, tmp_path / "show")
    return tmp_path / "show/Cut-005"


def show(path: Path, *given: str | Path) -> tuple[list[np.ndarray], str]:
    """The pictures of a movie, and the notes of the command."""
    movie = next(place for place in path.parents if place.name == "show") / "movie.mkv"
    result = invoke("movie", path, "-o", movie, *given)
    assert result.exit_code == 0, result.output
    return [pixels for _, pixels in Movie.open(movie).frames() if isinstance(pixels, np.ndarray)], result.stderr


def test_a_movie_of_a_cut_shows_its_cels_as_the_sheet_lays_them(painted: Path) -> None:
    """The first track is the lowest; a cel without one is left out, and a single cel is shown alone."""
    cel = painted.with_name("Cut-005_Cell")
    a, b = read_frames(cel / "A"), read_frames(cel / "B")
    frames, notes = show(painted)
    assert (len(frames), notes) == (24, "")
    assert np.array_equal(frames[0], a["a0001.png"]), "B shows nothing yet"
    assert np.array_equal(frames[7], lay_over(b["b0001.png"], a["a0003.png"]))
    assert np.array_equal(frames[23], b["b0001.png"]), "A shows nothing any more"
    assert not np.array_equal(frames[7], lay_over(a["a0003.png"], b["b0001.png"]))
    turned = {"B": [(0, "1")], "A": [(0, "3")], "BOOK": [(0, "1")]}
    sheet = write_xdts(painted.parent / "turned.xdts", describe_xdts(2, turned))
    assert np.array_equal(show(painted, "--sheet", sheet)[0][1], lay_over(a["a0003.png"], b["b0001.png"]))
    alone, _ = show(painted, "--cel", "B")
    assert len(alone) == 24
    assert np.array_equal(alone[7], b["b0001.png"]) and not alone[0][..., 3].any()
    sheet = write_xdts(painted.parent / "short.xdts", describe_xdts(3, {"b": [(0, "2")]}))
    frames, notes = show(painted, "--sheet", sheet)
    assert notes == "note: Cut-005/A is left out: the sheet has no track of it\n"
    assert all(np.array_equal(frame, b["b0002.png"]) for frame in frames) and len(frames) == 3


def test_a_movie_in_python_is_that_of_the_command(painted: Path) -> None:
    shown, _ = show(painted)
    done = write_movie(str(painted), painted.parent / "python.mkv")
    pictures = [pixels for _, pixels in Movie.open(done.path).frames() if isinstance(pixels, np.ndarray)]
    assert (done.frames, done.seconds, done.notes) == (24, 1, ())
    assert all(map(np.array_equal, pictures, shown))
    done = write_movie([painted / "Line/A"], painted.parent / "a.mkv", held=2, fps=Fraction(25))
    assert (done.frames, done.fps) == (10, 25)


def test_folders_of_frames_find_their_sheet(painted: Path) -> None:
    """That of their manifest, and recolored ones that of the folder beside them, also where their names have dashes."""
    cel = painted.with_name("Cut-005_Cell")
    timed = show(painted, "--cel", "A")[0]
    assert all(map(np.array_equal, show(cel / "A")[0], timed))
    shutil.copy(cel / "A/palette.gpl", painted.parent / "late-night.gpl")
    assert invoke("repaint", painted, "--cel", "A", "--palette", painted.parent / "late-night.gpl").exit_code == 0
    frames, notes = show(cel / "A-late-night")
    assert all(map(np.array_equal, frames, timed)) and (len(frames), notes) == (24, "")
    (cel / "A-late-night").rename(cel / "other")
    frames, notes = show(cel / "other")
    assert (len(frames), notes) == (
        5, "note: no exposure sheet: every drawing is shown for one frame; name it with --sheet\n"
    )  # fmt: skip
    assert show(cel / "A", "--sheet", "none")[1] == "", "what was asked for"
    sheet = write_xdts(painted.parent / "b.xdts", describe_xdts(3, {"B": [(0, "2")]}))
    assert "note: the exposure sheet has no track of Cut-005/A: every" in show(cel / "A", "--sheet", sheet)[1]


def test_a_retake_is_shown_with_what_it_leaves(painted: Path) -> None:
    cel = painted.with_name("Cut-005_Cell")
    add(painted / "Line/A.R1", "a", 3, step=4)
    assert "A.R1: holds no framecolor.json" in str(invoke("movie", painted, "-o", "a.mkv").exception)
    paint(painted / "Line/A.R1", mattes=True)
    new = read_image(cel / "A.R1/a0003.png")
    for given in ((painted, "--cel", "A.R1"), (cel / "A.R1",), (painted / "Line/A.R1",)):
        frames, _ = show(*given)
        assert np.array_equal(frames[7], new)
        assert np.array_equal(frames[0], read_image(cel / "A/a0001.png"))
    both, _ = show(painted)
    assert np.array_equal(both[7], lay_over(read_image(cel / "B/b0001.png"), new))


def test_cuts_that_cannot_be_shown_as_one(painted: Path) -> None:
    movie = painted.parent / "a.mkv"
    cel = painted.with_name("Cut-005_Cell")
    for words, problem in (
        ([painted, "--on", "2"], "choose one cel with --cel"),
        ([painted, "--sheet", "none"], "no exposure sheet"),
        ([painted, "--cel", "C"], "there is no cel C"),
        ([cel], "Cut-005_Cell: holds folders of painted frames: A, B; give one"),
        ([painted / "Line/A", "--cel", "A"], "leave out --cel"),
    ):
        result = invoke("movie", *words, "-o", movie)
        assert problem in f"{result.output}{result.exception}"
    for path in sorted((cel / "B").glob("*.png")):
        write_image(path, np.full_like(read_image(path), 255))
    note = show(painted)[1]
    assert note.startswith("note: Cut-005/B") and "colorize --background" in note
    for path in sorted((cel / "B").glob("*.png")):
        write_image(path, np.zeros((8, 9, 4), np.uint8))
    refused = str(invoke("movie", painted, "-o", movie).exception)
    assert "Cut-005: its cels differ in size: Cut-005/A 128x96, Cut-005/B 9x8; choose one with --cel" in refused
    assert not movie.exists()


def test_cels_of_a_cut_are_recolored(painted: Path) -> None:
    """All at once if their paints are the same, else each by its own palette."""
    cel = painted.with_name("Cut-005_Cell")
    night = painted.parent / "night.gpl"
    shutil.copy(cel / "A/palette.gpl", night)
    result = invoke("repaint", painted, "--palette", night)
    assert result.exit_code == 0, result.output
    assert [line.split(" ", 2)[:2] for line in result.stdout.splitlines()] == [["A:", "4"], ["B:", "2"]]
    for name in ("A", "B"):
        assert read_bytes(cel / f"{name}-night") == read_bytes(cel / name)
    assert invoke("repaint", painted, "--cel", "B", "--palette", night, "-o", painted.parent / "all").exit_code == 0
    assert read_bytes(painted.parent / "all/B") == read_bytes(cel / "B")
    key = painted / "Keys/B/b0001.png"
    picture = read_image(key)
    picture[(picture == picture[60, 36]).all(axis=-1)] = (1, 2, 3, 255)
    write_image(key, picture)
    shutil.rmtree(cel / "B")
    paint(painted / "Line/B", mattes=True)
    refused = str(invoke("repaint", painted, "--palette", night, "-o", painted.parent / "new").exception)
    assert "Cut-005_Cell/B: " in refused and "--cel" in refused
    assert not (painted.parent / "new").exists()
    assert invoke("repaint", painted, "--cel", "B", "--palette", cel / "B/palette.gpl").exit_code == 0
