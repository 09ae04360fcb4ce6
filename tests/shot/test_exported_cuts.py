"""Cuts as TVPaint and Krita export them: planned, painted, shown and repainted as cut folders are."""

from __future__ import annotations

import io
import json
import shutil
import unicodedata
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path

import pytest
from cut_folders import invoke, make_cut
from drawings import refuse
from exports import (
    describe_layer,
    describe_tvpaint,
    draw_pictures,
    make_krita_cut,
    make_tvpaint_csv_cut,
    make_tvpaint_cut,
    paint_key,
    write_json,
)
from painting import paint
from timesheets import describe_xdts, write_xdts

from framecolor import Shot
from framecolor.cli import main
from framecolor.media import Movie, write_image
from framecolor.shot.cut import find_cel, is_cut, list_cels

pytestmark = pytest.mark.usefixtures("quick_engine")

CUTS: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "json": (make_tvpaint_cut, "clip.json", "A"),
    "csv": (make_tvpaint_csv_cut, "clip.csv", "A"),
    "krita": (make_krita_cut, "walk.csv", "Layer 1"),
}


def test_layers_are_cels_and_hidden_ones_are_not(tmp_path: Path) -> None:
    cut = make_tvpaint_cut(tmp_path / "Cut-9")
    assert is_cut(cut) and [cel.name for cel in list_cels(cut)] == ["B2", "A"]
    cel = find_cel(cut / "line/A")
    assert cel is not None and cel.files is not None and cel.out == tmp_path / "Cut-9_Cell/A"
    assert {number: path.name for number, path in cel.files.items()} == {
        1: "[0001] A.png", 5: "[0005] A.png", 9: "[0009] A.png"}  # fmt: skip
    shot = Shot.open(cut / "line/A")
    assert shot.exposures == (1,) * 4 + (5,) * 4 + (9,) * 4
    assert (shot.name, shot.warnings, shot.notes, shot.gaps, tuple(shot.keys)) == ("Cut-9/A", (), (), (), (1,))
    lowest = Shot.open(cut / "line/B2")
    assert lowest.exposures == (1,) * 6 + (7,) * 6
    (note,) = lowest.notes
    for words in ("hidden layers, which are not painted (ROUGH)", "camera work", "opacity of B2", "Multiply"):
        assert words in note
    refuse(cut / "line/ROUGH", "has no layer of that name", "B2, A")
    refuse(cut, "is a cut of several cels")
    refuse(cut / "clip.json", "is a cut of several cels")


def test_pictures_of_a_csv_are_found_by_their_layer(tmp_path: Path) -> None:
    cut = make_tvpaint_csv_cut(tmp_path / "Cut-9")
    shot = Shot.open(cut / "line/A")
    assert shot.exposures == (1,) * 4 + (5,) * 4 + (9,) * 3 + (None,)
    assert [path.name for path in shot.lines.values()] == [
        "[001][00001] 1.png", "[001][00005] arisu,2.png", "[001][00009] A.png"]  # fmt: skip
    assert Shot.open(cut / "line/B2").exposures == (1,) * 6 + (7,) * 6
    assert Shot.open(make_krita_cut(tmp_path / "walk") / "line/Layer 1").exposures == (0, 0, 2, 2, None, 5)


@pytest.mark.parametrize("kind", CUTS)
def test_an_exported_cut_is_planned_painted_and_timed_again(tmp_path: Path, kind: str) -> None:
    make, sheet, cel = CUTS[kind]
    cut = make(tmp_path / "Cut-9")
    before = {path: path.read_bytes() for path in cut.rglob("*.*") if path.is_file()}
    planned = json.loads(invoke("plan", cut / sheet, "--json").stdout)
    exposures = {table["shot"]: table["sheet"]["shown"] for table in planned}
    assert exposures[f"Cut-9/{cel}"] == 3
    assert all(not table["warnings"] and not table["missing"] for table in planned)
    checked = invoke("check", cut, "--strict")
    assert checked.exit_code == 0, checked.output
    done = invoke("colorize", cut, "--report")
    assert done.exit_code == 0 and "Traceback" not in done.output, done.output
    out = tmp_path / "Cut-9_Cell"
    shot = Shot.open(cut / "line" / cel)
    assert {path.name for path in (out / cel).glob("*.png")} == {path.name for path in shot.lines.values()}
    assert "--cel" in (out / cel / "report.html").read_text("utf-8")
    for name in ("again.xdts", "again.csv", "again.json"):
        written = invoke("sheet", cut, "-o", out / name)
        assert written.exit_code == 0 and written.stderr == "", written.output
        assert Shot.open(cut / "line" / cel, sheet=out / name).exposures == shot.exposures, name
    assert invoke("movie", cut, "-o", tmp_path / "a.mkv").exit_code == 0
    shown = [pixels.tobytes() for _, pixels in Movie.open(tmp_path / "a.mkv").frames()]  # type: ignore[union-attr]
    assert len(shown) == len(shot.exposures or ())
    assert {path: path.read_bytes() for path in before} == before
    assert paint(cut / "line" / cel).unchanged == shot.wanted
    assert invoke("doctor", cut).exit_code == 0


def test_other_commands_know_a_layer_by_the_path_of_a_cel(tmp_path: Path) -> None:
    cut = make_tvpaint_cut(tmp_path / "Cut-9")
    paint(cut / "line/A", mattes=True)
    out = tmp_path / "Cut-9_Cell/A"
    assert invoke("report", out).exit_code == 0 and invoke("report", cut / "line/A").exit_code == 0
    done = invoke("repaint", cut, "--cel", "A", "--palette", out / "palette.gpl")
    assert done.exit_code == 0, done.output
    same = tmp_path / "Cut-9_Cell/A-palette/[0005] A.png"
    assert same.read_bytes() == (out / "[0005] A.png").read_bytes(), "the lines are found again"
    done = invoke("farm", "run", cut, "--cel", "A", "--out", tmp_path / "farm", "--fit", "off")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "farm/A/[0005] A.png").read_bytes() == (out / "[0005] A.png").read_bytes()
    done = invoke("colorize", cut, "--cel", "A", "-o", cut, "--overwrite")
    assert (cut / "[002] A/[0005] A.png").exists()
    refused = invoke("repaint", out, "--palette", out / "palette.gpl", "-o", cut / "[002] A")
    assert "holds other files of the shot" in str(refused.exception or refused.output)


def test_a_layer_is_chosen_by_any_name_that_it_has(tmp_path: Path) -> None:
    cut = tmp_path / "Cut"
    names = (unicodedata.normalize("NFD", "\u30ac"), "B, left", "C")
    layers = [describe_layer(name, place, [0], 5) for place, name in enumerate(names, 2)]
    for layer in layers:
        draw_pictures(cut, [layer["link"][0]["file"]])
    write_json(cut / "clip.json", describe_tvpaint(6, *layers))
    typed = unicodedata.normalize("NFC", names[0])
    for given, shown in ((names[1], names[1:2]), (f"C,{typed}", (names[2], names[0])), (typed, names[:1])):
        tables = json.loads(invoke("plan", cut, "--cel", given, "--json").stdout)
        assert [table["shot"] for table in tables] == [f"Cut/{name}" for name in shown]
    assert Shot.open(cut / "line" / typed).numbers == Shot.open(cut / "line" / names[0]).numbers


def test_what_lies_beside_the_layers_is_named(tmp_path: Path) -> None:
    cut = make_tvpaint_cut(tmp_path / "Cut-9")
    write_xdts(cut / "old.xdts", describe_xdts(3, {"A": [(0, "1")]}))
    shutil.copy(cut / "[002] A/[0001] A.png", cut / "[002] A/[0003] A.png")
    shutil.copy(cut / "keys/A/[0001] A.png", cut / "keys/[0001] A.png")
    warnings = " ".join(Shot.open(cut / "line/B2").warnings)
    for words in ("old.xdts: not used, as clip.json is the sheet", "[0003] A.png", "that no layer shows", "beside the"):
        assert words in warnings
    assert Shot.open(cut / "line/A").warnings == (), "the lowest layer says it for all"


def test_missing_pictures_are_named(tmp_path: Path) -> None:
    cut = make_tvpaint_cut(tmp_path / "Cut-9")
    (cut / "[002] A/[0005] A.png").unlink()
    assert "shows drawings that have no file: 5" in " ".join(Shot.open(cut / "line/A").warnings)
    shutil.rmtree(cut / "[003] B2")
    assert "without a picture beside it are not painted: B2" in " ".join(Shot.open(cut / "line/A").warnings)
    shutil.rmtree(cut / "[002] A")
    refuse(cut, "clip.json", "none of the pictures", "beside it")


def fail(*arguments: str | Path) -> str:
    """Run a command that has to end with exit code 2; return what it printed."""
    printed = io.StringIO()
    with redirect_stderr(printed), pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert stop.value.code == 2
    return printed.getvalue()


@pytest.mark.parametrize("command", ["plan", "check", "colorize"])
def test_damaged_exports_end_with_one_line_and_code_2(tmp_path: Path, command: str) -> None:
    cut = make_tvpaint_cut(tmp_path / "Cut-9")
    whole = (cut / "clip.json").read_text("utf-8")
    for text, words in ((whole[:-40], "cut off"), (whole.replace('"link"', '"lnk"'), "not a valid export"),
                        (whole.replace("[002] A/", "../../"), "outside of its folder")):  # fmt: skip
        (cut / "clip.json").write_text(text, "utf-8")
        printed = fail(command, cut)
        assert printed.count("\n") == 1 and "clip.json" in printed and words in printed and ";" in printed
    other = make_krita_cut(tmp_path / "walk")
    text = (other / "walk.csv").read_text("utf-8")
    (other / "walk.csv").write_text(text[: len(text) // 2], "utf-8")
    printed = fail(command, other)
    assert printed.count("\n") == 1 and "walk.csv" in printed and ";" in printed


def test_several_exports_have_to_be_chosen_from(tmp_path: Path) -> None:
    cut = make_tvpaint_cut(tmp_path / "Cut-9")
    shutil.copy(cut / "clip.json", cut / "clip2.json")
    assert "holds 2 exposure sheets: clip.json, clip2.json" in fail("plan", cut)


def test_a_folder_of_tvpaints_pictures_is_a_sequence(tmp_path: Path) -> None:
    """As TVPaint writes them, the number first; a layer's name may have a number as well."""
    folder = tmp_path / "shot"
    draw_pictures(folder / "line", [f"[{frame:04d}] A2.png" for frame in (1, 4, 11)])
    paint_key(folder, "", "[0001] A2.png")
    shot = Shot.open(folder)
    assert shot.numbers == (1, 4, 11) and tuple(shot.keys) == (1,) and shot.warnings == ()
    dated = tmp_path / "dated"
    draw_pictures(dated / "line", [f"[2026] A{frame:04d}.png" for frame in (1, 2)])
    assert Shot.open(dated).numbers == (1, 2)


def test_an_export_beside_line_is_its_sheet(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-1")
    link = [{"instance-index": n, "instance-name": "1", "file": f"A/a{d:04d}.png", "images": [n]}
            for n, d in ((0, 1), (3, 4))]  # fmt: skip
    table = describe_tvpaint(6, describe_layer("a", 1, [], 5, link=link, visible=False))
    write_json(cut / "cut.json", table)
    shot = Shot.open(cut / "Line/A")
    assert shot.exposures == (1, 1, 1, 4, 4, 4) and shot.wanted == (1, 4)
    assert shot.notes == ("cut.json also holds what is not used: hidden layers (a)",)
    write_image(cut / "Line/A/a0006.png", shot.read_line(1))
    assert "never shows them" in " ".join(Shot.open(cut / "Line/A").warnings)
