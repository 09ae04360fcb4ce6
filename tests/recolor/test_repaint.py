"""framecolor repaint: other colors without a new run, and the same colors to the byte."""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawings import SIZE, draw, make_shot
from painting import FIT, copy_shot, list_files, paint

from framecolor import InputError, OutputError, PaletteError, recolor_frames
from framecolor.cli import main
from framecolor.core.compositing import lay_over
from framecolor.media import FORMATS, Swatch, SwatchList, read_image, read_swatches, write_image, write_swatches
from framecolor.output.mattes import read_matte

RUNS = [(name, "over", "keys") for name in ("png", "png-indexed", "tga", "exr", "psd", "psd-parts")]
RUNS += [("png", "none", "paper"), ("png", "over", "paper"), ("png", "layer", "keys"), ("psd", "layer", "paper")]
RUNS += [("tiff16", "none", "transparent"), ("psd-parts", "layer", "paper")]


@pytest.fixture(scope="module")
def fitted(painted_shot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The painted shot with a hold in it; its fit is taken over by the runs here."""
    return copy_shot(painted_shot, tmp_path_factory.mktemp("repaint") / "cut")


@pytest.fixture
def painted(fitted: Path, tmp_path: Path, quick_engine: None) -> Path:
    """The shot painted with mattes; a folder of frames to change."""
    root = copy_shot(fitted, tmp_path / "cut")
    (root / "line" / "cut.1003.png").write_bytes((root / "line" / "cut.1002.png").read_bytes())
    assert paint(root, fit=FIT, mattes=True).failed == {}
    return root / "color"


def read_frames(folder: Path, name: str = "png") -> dict[str, bytes]:
    suffix = FORMATS[name].suffix  # pyright: ignore[reportArgumentType]
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob(f"*{suffix}")) if "matte" not in str(p)
    }


def write_night(
    out: Path, target: Path, change: Callable[[str], str] = lambda text: text
) -> dict[tuple[int, ...], tuple[int, ...]]:
    """A .gpl of darker colors for those of `out`; old -> new."""
    swatches = read_swatches(out / "palette.gpl")
    night = {one.color: (one.color[0] // 3, one.color[1] // 3, one.color[2] // 2 + 40, 255) for one in swatches}
    rows = ["{} {} {}\t{}".format(*night[one.color][:3], one.name) for one in swatches]
    target.write_text(change("GIMP Palette\nName: night\n" + "\n".join(rows) + "\n"))
    return night


@pytest.mark.parametrize("name, line, background", RUNS)
@pytest.mark.usefixtures("quick_engine")
def test_with_its_own_palette_every_file_is_as_it_was(
    fitted: Path, tmp_path: Path, name: str, line: str, background: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(fitted / "color" / ".framecolor", out / ".framecolor")
    paint(fitted, out, fit=FIT, mattes=True, format=name, line=line, background=background)
    done = recolor_frames(out, out / "palette.gpl", tmp_path / "again")
    assert (len(done.written), done.failed) == (7, {})
    frames = read_frames(out, name)
    assert len(frames) == (14 if line == "layer" else 7)
    assert read_frames(tmp_path / "again", name) == frames


def test_another_palette_changes_the_paint_and_leaves_the_lines(painted: Path, tmp_path: Path) -> None:
    night = write_night(painted, tmp_path / "night.gpl")
    before = list_files(painted)
    done = recolor_frames(painted, tmp_path / "night.gpl")
    assert done.out == painted.with_name("color-night") and done.written == tuple(range(1001, 1008))
    assert list_files(painted) == before
    table = np.uint8([(255, 255, 255, 0), *(night[one.color] for one in read_swatches(painted / "palette.gpl"))])
    flat = table[read_matte(painted / "matte" / "cut.1005.png", SIZE)]
    assert np.array_equal(read_image(done.out / "cut.1005.png"), lay_over(draw(4)[0], flat))
    assert (done.out / "cut.1002.png").read_bytes() == (done.out / "cut.1003.png").read_bytes(), "a hold"


def test_entries_go_by_name_where_all_names_are_the_same_and_by_place_otherwise(painted: Path, tmp_path: Path) -> None:
    def turn(text: str) -> str:
        first, second, *rows = text.splitlines()
        return "\n".join([first, second, *reversed(rows)]) + "\n"

    write_night(painted, tmp_path / "night.gpl")
    by_place = read_frames(recolor_frames(painted, tmp_path / "night.gpl", tmp_path / "a").out)
    write_night(painted, tmp_path / "turned.gpl", turn)
    assert read_frames(recolor_frames(painted, tmp_path / "turned.gpl", tmp_path / "b").out) == by_place
    write_night(painted, tmp_path / "named.gpl", lambda text: text.replace("\t#", "\tnight #"))
    assert read_frames(recolor_frames(painted, tmp_path / "named.gpl", tmp_path / "c").out) == by_place
    write_night(painted, tmp_path / "both.gpl", lambda text: turn(text.replace("\t#", "\tnight #")))
    assert read_frames(recolor_frames(painted, tmp_path / "both.gpl", tmp_path / "d").out) != by_place


def test_names_in_another_order_are_matched_as_other_programs_write_them_or_refused(
    painted: Path, tmp_path: Path
) -> None:
    def name(swatches: list[Swatch], *names: str) -> SwatchList:
        return SwatchList(tuple(replace(one, name=each) for one, each in zip(swatches, names, strict=True)))

    own = read_swatches(painted / "palette.gpl")
    write_night(painted, tmp_path / "night.gpl")
    night = read_swatches(tmp_path / "night.gpl")
    by_place = read_frames(recolor_frames(painted, tmp_path / "night.gpl", tmp_path / "a").out)
    write_swatches(painted / "palette.gpl", name(own, "ga coat", "\u30acskin", "ga coat_sh"))
    turned = [night[1], night[0], night[2]]
    write_swatches(
        tmp_path / "same.gpl", name(turned, unicodedata.normalize("NFD", "\u30acskin"), "Ga Coat", "ga coat shadow")
    )
    assert read_frames(recolor_frames(painted, tmp_path / "same.gpl", tmp_path / "b").out) == by_place
    write_swatches(tmp_path / "other.gpl", name(turned, "\u30acskin", "ga coat", "scarf"))
    with pytest.raises(PaletteError, match=r"as color 1, not 2, and not all names of .*keep the order of palette\.gpl"):
        recolor_frames(painted, tmp_path / "other.gpl", tmp_path / "c")
    assert not (tmp_path / "c").exists()
    write_swatches(tmp_path / "kept.gpl", name(night, "ga coat", "face", "scarf"))
    assert read_frames(recolor_frames(painted, tmp_path / "kept.gpl", tmp_path / "d").out) == by_place


def test_two_paints_may_become_one_and_json_goes_by_id(painted: Path, tmp_path: Path) -> None:
    table = json.loads((painted / "palette.json").read_text())
    for row in table["colors"]:
        row["rgba"] = [20, 20, 60] if row["id"] else row["rgba"]
    table["colors"][-1]["rgba"] = [0, 0, 0, 0]
    table["colors"].reverse()
    (tmp_path / "dusk.json").write_text(json.dumps(table))
    done = recolor_frames(painted, tmp_path / "dusk.json", tmp_path / "dusk")
    frame, matte = read_image(done.out / "cut.1001.png"), read_matte(painted / "matte" / "cut.1001.png", SIZE)
    clear = draw(0)[0][..., 3] == 0
    assert (frame[clear & (matte == 1)] == (20, 20, 60, 255)).all()
    last = len(table["colors"]) - 1
    assert (frame[clear & (matte == last)] == (255, 255, 255, 0)).all() and (matte == last).any()


@pytest.mark.parametrize(
    "text, problem",
    [
        ("GIMP Palette\n1 2 3 only\n", r"has 1 colors, .*palette\.gpl has 3"),
        ("no palette\n", "is not a palette"),
    ],
)
def test_palettes_that_do_not_fit(painted: Path, tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "p.gpl").write_text(text)
    with pytest.raises(PaletteError, match=problem):
        recolor_frames(painted, tmp_path / "p.gpl")
    assert not painted.with_name("color-p").exists()


@pytest.mark.parametrize(
    "text, problem",
    [
        ("[]", "not a palette"),
        ("{", "not a palette"),
        ('{"colors": [{"id": 1}]}', "not a palette"),
        ('{"colors": [{"id": 1, "rgba": [1, 2, 300]}]}', "not a palette"),
        ('{"colors": [{"id": 1, "rgba": [1, 2, 3, 128]}]}', "not a palette"),
        ('{"colors": [{"id": true, "rgba": [1, 2, 3]}]}', "not a palette"),
        ('{"colors": [{"id": 1, "rgba": [1, 2, 3]}]}', "ids are not 1 to 3"),
        ('{"colors": [{"id": 1, "rgba": [1, 2, 3]}, {"id": 1, "rgba": [1, 2, 3]}]}', "twice"),
        ("[" * 100_000, "not a palette"),
    ],
)
def test_json_palettes_that_do_not_fit(painted: Path, tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(PaletteError, match=problem):
        recolor_frames(painted, tmp_path / "p.json")


def test_nothing_painted_is_ever_written_over(painted: Path, tmp_path: Path) -> None:
    own = painted / "palette.gpl"
    before = list_files(painted.parent)
    for target in (painted, painted / "matte", painted.parent / "line", painted.parent / "keys"):
        with pytest.raises(OutputError, match="choose another folder with -o"):
            recolor_frames(painted, own, target)
    assert list_files(painted.parent) == before


@pytest.mark.usefixtures("quick_engine")
def test_frames_without_mattes_or_of_mode_painted_are_an_error_with_a_fix(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", frames=2, keys=(0,))
    (tmp_path / "p.gpl").write_text("GIMP Palette\n1 2 3 only\n")
    with pytest.raises(InputError, match=r"holds no framecolor\.json"):
        recolor_frames(root, tmp_path / "p.gpl")
    paint(root)
    with pytest.raises(InputError, match=r"without mattes.*--mattes"):
        recolor_frames(root / "color", tmp_path / "p.gpl")
    paint(root, mattes=True, mode="painted")
    with pytest.raises(InputError, match=r"mode painted.*--mode flat"):
        recolor_frames(root / "color", root / "color" / "palette.gpl")


def test_a_frame_that_cannot_be_recolored_costs_itself_only(painted: Path, tmp_path: Path) -> None:
    (painted / "matte" / "cut.1001.png").unlink()
    write_image(painted / "matte" / "cut.1004.png", draw(0)[1])
    (painted.parent / "line" / "cut.1005.png").unlink()
    table = json.loads((painted / "framecolor.json").read_text())
    table["frames"][5]["file"] = "../cut.1006.png"
    del table["seal"]  # written by hand
    (painted / "framecolor.json").write_text(json.dumps(table))
    done = recolor_frames(painted, painted / "palette.gpl", tmp_path / "again")
    assert done.written == (1002, 1003, 1007)
    assert {n: e.split(": ", 1)[1].split(":")[0].split(";")[0] for n, e in done.failed.items()} == {
        1001: "there is no such file",
        1004: "the file cannot be decoded",
        1005: "its drawing 1005 is missing or changed",
        1006: "names '../cut.1006.png', which is not a file beside it",
    }
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again", "cut"]


def test_the_command(painted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_night(painted, tmp_path / "night.gpl")
    with pytest.raises(SystemExit) as end:
        main(["repaint", str(painted.parent), "--palette", str(tmp_path / "night.gpl")])
    assert end.value.code == 0
    assert "7 frames recolored" in capsys.readouterr().out
    assert len(read_frames(painted.with_name("color-night"))) == 7
    (painted / "matte" / "cut.1001.png").unlink()
    with pytest.raises(SystemExit) as end:
        main(["repaint", str(painted), "--palette", str(tmp_path / "night.gpl"), "-o", str(tmp_path / "n")])
    assert end.value.code == 1
    assert "failed: frame 1001" in capsys.readouterr().err
