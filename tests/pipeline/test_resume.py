"""A second run paints what is missing or stale, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import pytorch_alone
from drawings import COAT, draw, make_shot
from painting import FIT, copy_shot, list_files, paint, read_bytes

from framecolor import InputError
from framecolor.media import read_image, write_image

pytestmark = pytest.mark.usefixtures("quick_engine")


@pytest.fixture
def root(painted_shot: Path, tmp_path: Path) -> Path:
    """A painted shot to change: frames 1001 to 1007, keys at both ends."""
    return copy_shot(painted_shot, tmp_path / "cut")


@pytest.fixture(scope="module")
def long_shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A painted shot of three spans: frames 1001 to 1010, keys 1001, 1004, 1007, 1010."""
    root = make_shot(tmp_path_factory.mktemp("long") / "cut", 10, (0, 3, 6, 9))
    with pytorch_alone():
        assert len(paint(root, fit=FIT).written) == 10
    return root


@pytest.fixture
def long_root(long_shot: Path, tmp_path: Path) -> Path:
    """`long_shot` to change."""
    return copy_shot(long_shot, tmp_path / "cut")


@pytest.fixture
def short_root(tmp_path: Path) -> Path:
    """A shot of three drawings between two keys, painted without a fit."""
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    assert len(paint(root).written) == 3
    return root


def changed(before: dict[str, int], after: dict[str, int]) -> set[str]:
    """The frames whose file was written or removed in between."""
    return {name for name, _ in before.items() ^ after.items() if name.endswith(".png")}


def repaint_coat(root: Path, number: int, color: tuple[int, ...]) -> None:
    """Paint a frame as a key, with a coat of this color."""
    key = draw(number - 1001)[1]
    key[(key == COAT).all(-1)] = color
    write_image(root / f"keys/cut.{number}.png", key)


def test_a_second_run_writes_nothing(root: Path) -> None:
    before = list_files(root)
    outcome = paint(root, fit=FIT)
    assert (outcome.written, len(outcome.unchanged)) == ((), 7)
    assert list_files(root) == before
    assert list_files(root).keys() >= {"color/framecolor.json", "color/cut.1004.png"}


def test_frames_that_are_lost_or_damaged_come_back(root: Path) -> None:
    """Cut off, empty, another picture, or not there."""
    want = read_bytes(root / "color")
    for number, data in ((1002, want["cut.1002.png"][:99]), (1003, b""), (1005, want["cut.1001.png"])):
        (root / f"color/cut.{number}.png").write_bytes(data)
    (root / "color/cut.1006.png").unlink()
    before = list_files(root)
    assert paint(root, fit=FIT).written == (1002, 1003, 1005, 1006)
    assert read_bytes(root / "color") == want
    assert changed(before, list_files(root)) == {f"color/cut.{n}.png" for n in (1002, 1003, 1005, 1006)}


def test_a_lost_line_layer_comes_back(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    paint(root, line="layer")
    path = root / "color/line/cut.1002.png"
    want = path.read_bytes()
    path.unlink()
    assert paint(root, line="layer").written == (1002,)
    assert path.read_bytes() == want
    assert paint(root, line="layer").written == ()


def test_renamed_drawings_get_their_frames(root: Path) -> None:
    frames = read_bytes(root / "color")
    for path in (root / "line").iterdir():
        path.rename(path.with_name(path.name.replace("cut.", "take2.")))
    assert len(paint(root, fit=FIT).written) == 7
    assert frames.items() <= read_bytes(root / "color").items()
    assert (root / "color/take2.1004.png").read_bytes() == frames["cut.1004.png"]


def test_a_changed_drawing_repaints_its_span_only(long_root: Path) -> None:
    before = list_files(long_root / "color")
    line, _ = draw(4)
    line[0:3, 0:3, 3] = 255  # a speck in a corner: the frame changes, its neighbors' paint does not
    write_image(long_root / "line/cut.1005.png", line)
    seen: list[tuple[str, int, int]] = []
    outcome = paint(long_root, fit=FIT, progress=lambda *call: seen.append(call))
    assert outcome.written == (1005,)
    assert changed(before, list_files(long_root / "color")) == {"cut.1005.png"}
    assert seen[-1] == ("paint", 3, 3), "frames 1005 to 1007"


def test_a_changed_key_repaints_what_comes_out_differently(long_root: Path) -> None:
    repaint_coat(long_root, 1010, (1, 130, 60, 255))
    outcome = paint(long_root, fit=FIT)
    assert 1010 in outcome.written
    assert 1002 in outcome.unchanged
    assert tuple(read_image(long_root / "color/cut.1010.png")[70, 60]) == (1, 130, 60, 255)


def test_a_kept_fit_leaves_far_frames_alone(long_root: Path) -> None:
    """A new key with a new color: the frames of its own span hear it, those beyond the next key do not."""
    record = long_root / "color/framecolor.json"
    before, fit = list_files(long_root / "color"), json.loads(record.read_text())["fit"]["hash"]
    new = (1, 130, 60, 255)
    repaint_coat(long_root, 1006, new)
    outcome = paint(long_root, fit="keep")
    assert 1006 in outcome.written
    touched = changed(before, list_files(long_root / "color"))
    assert "cut.1006.png" in touched
    assert touched <= {"cut.1005.png", "cut.1006.png", "cut.1007.png"}
    table = json.loads(record.read_text())
    assert table["fit"]["hash"] == fit
    assert list(new) in table["palette"]
    assert paint(long_root, fit="keep").written == ()
    assert 1006 in paint(long_root, fit=FIT).unchanged


def test_a_kept_fit_follows_a_new_palette_file(root: Path) -> None:
    (root / "film.gpl").write_text("GIMP Palette\n255 200 150\n10 20 30\n0 200 0\n")
    outcome = paint(root, fit="keep", palette="film.gpl", line="none")
    assert len(outcome.written) == 7
    (root / "film.gpl").write_text("GIMP Palette\n255 200 151\n10 20 30\n0 200 0\n")
    assert len(paint(root, fit="keep", palette="film.gpl", line="none").written) == 7


def test_doubts_of_untouched_frames_follow_the_palette(long_root: Path) -> None:
    """The order of the palette changes with a new key; regions that were noted before must still name their color."""
    record = long_root / "color/framecolor.json"
    table = json.loads(record.read_text())
    region = {"area": 9, "box": [1, 1, 3, 3], "outline": [[1, 1], [3, 1], [3, 3]], "confidence": 0.4}
    table["frames"][1]["unsure"] = [{**region, "color": 1, "second": 2}, {**region, "color": 99, "second": None}]
    colors = [table["palette"][1], table["palette"][2]]
    del table["seal"]
    record.write_text(json.dumps(table))
    repaint_coat(long_root, 1010, (1, 130, 60, 255))
    (long_root / "keys/cut.1007.png").unlink()
    paint(long_root, fit="keep", frames="1008-1010")
    after = json.loads(record.read_text())
    assert after["palette"] != table["palette"]
    unsure = after["frames"][1]["unsure"]
    assert [[after["palette"][r["color"]], after["palette"][r["second"]]] for r in unsure] in ([colors], [])
    for frame in after["frames"]:
        for doubt in frame["unsure"]:
            assert doubt["color"] < len(after["palette"])


def test_other_settings_repaint_and_back_again(short_root: Path) -> None:
    frames = read_bytes(short_root / "color")
    assert len(paint(short_root, background="paper").written) == 3
    assert len(paint(short_root).written) == 3
    assert read_bytes(short_root / "color") == frames


def test_overwrite_writes_all_again(root: Path) -> None:
    before, frames = list_files(root), read_bytes(root / "color")
    outcome = paint(root, fit=FIT, overwrite=True)
    assert (len(outcome.written), outcome.unchanged) == (7, ())
    assert read_bytes(root / "color") == frames
    assert changed(before, list_files(root)) == {f"color/{name}" for name in frames}


def test_a_removed_drawing_leaves_the_record(root: Path) -> None:
    (root / "line/cut.1004.png").unlink()
    outcome = paint(root, fit=FIT)
    assert outcome.written == () or 1004 not in outcome.written
    numbers = [frame["number"] for frame in json.loads((root / "color/framecolor.json").read_text())["frames"]]
    assert numbers == [1001, 1002, 1003, 1005, 1006, 1007]


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 1, "frames": [3]}', None])
def test_a_damaged_record_is_made_again(short_root: Path, content: str | None) -> None:
    record = short_root / "color/framecolor.json"
    before, want = list_files(short_root / "color"), json.loads(record.read_text())
    if content is None:
        record.unlink()
    else:
        record.write_text(content)
    outcome = paint(short_root)
    assert (outcome.written, len(outcome.unchanged)) == ((), 3), "the frames are the same, so they stay"
    assert not changed(before, list_files(short_root / "color"))
    assert json.loads(record.read_text()) == want
    warnings = [text for text in outcome.warnings if text.startswith(f"{record} is damaged")]
    assert len(warnings) == (0 if content is None else 1)
    assert not any(" is damaged" in text for text in paint(short_root).warnings)


def test_a_future_record_is_not_misread(short_root: Path) -> None:
    record = short_root / "color/framecolor.json"
    record.write_text(record.read_text().replace('"format": 1', '"format": 2'))
    assert len(paint(short_root).unchanged) == 3


def test_keep_needs_a_fit(root: Path) -> None:
    for path in (root / "color/.framecolor").iterdir():
        path.unlink()
    (root / "color/cut.1003.png").unlink()
    with pytest.raises(InputError, match=r"--fit keep: .*fit-.* is missing or damaged; run once with --fit auto"):
        paint(root, fit="keep")
