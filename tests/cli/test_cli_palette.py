"""framecolor palette: what it shows and writes, its notes and its errors; names of a palette in what a run writes."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from drawings import COAT, SCARF, SKIN, make_shot

from framecolor.cli import main
from framecolor.media import Swatch, SwatchList, read_swatch_list, write_swatches
from framecolor.output.frame_entry import UnsureRegion
from framecolor.output.manifest import Manifest
from framecolor.pipeline.encode_frame import make_picture
from framecolor.report.correcting import describe_shot


def run(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as stop:
        main([*map(str, words)])
    return int(stop.value.code or 0)


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    folder = make_shot(tmp_path / "cut")
    rows = [("skin", SKIN), ("coat", COAT), ("coat shadow", (30, 45, 80)), ("scarf", SCARF)]
    lines = ["{} {} {}\t{}".format(*color[:3], name) for name, color in rows]
    (folder / "show.gpl").write_text("GIMP Palette\nName: show\n" + "\n".join(lines) + "\n")
    return folder


def test_a_file_is_shown_with_its_tones(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("palette", cut / "show.gpl") == 0
    assert capsys.readouterr().out.splitlines()[1:3] == [
        "#3c5aa0  coat  (base of coat)",
        "#1e2d50  coat shadow  (shadow of coat)",
    ]
    assert run("palette", cut / "show.gpl", "--json") == 0
    table = json.loads(capsys.readouterr().out)
    assert table["title"] == "show"
    assert table["colors"][2] == {"name": "coat shadow", "rgba": [30, 45, 80, 255], "part": "coat", "tone": "shadow"}


def test_a_file_is_converted_and_losses_are_noted(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("palette", cut / "show.gpl", "-o", cut / "new/show.plt") == 0
    assert capsys.readouterr().out == f"4 colors: {cut / 'new/show.plt'}\n"
    assert [one.name for one in read_swatch_list(cut / "new/show.plt").swatches] == [
        "skin",
        "coat",
        "coat shadow",
        "scarf",
    ]
    assert run("palette", cut / "new/show.plt", "-o", cut / "show.pal") == 0
    assert capsys.readouterr().err == (
        "note: show.plt: .pal has no names and no ids: only the colors are kept, in their order\n"
    )
    write_swatches(cut / "show.kpl", SwatchList((Swatch(SKIN, "skin", "7", "face"), Swatch(COAT, "coat"))))
    for name, loss in (("a.ase", "no ids"), ("a.gpl", "no ids and no groups"), ("a.plt", "no groups"), ("a.kpl", "")):
        assert run("palette", cut / "show.kpl", "-o", cut / name) == 0
        told = f"note: show.kpl: {name[1:]} has {loss}: names and colors are kept, in their order\n"
        assert capsys.readouterr().err == (told if loss else "")


def test_files_that_are_no_palettes_stay(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (cut / "framecolor.toml").write_text('palette = "show.gpl"\n')
    (cut / "other.toml").write_text("[tool]\nname = 1\n")
    for name, problem in (("framecolor.toml", "is the name of settings"), ("other.toml", "is no palette")):
        before = (cut / name).read_bytes()
        assert run("palette", cut / "show.gpl", "-o", cut / name) == 2
        assert problem in capsys.readouterr().err and (cut / name).read_bytes() == before
    for _ in range(2):  # a palette that was written before is replaced
        assert run("palette", cut / "show.gpl", "-o", cut / "film.toml") == 0


def test_the_keys_of_a_shot_are_written_with_names(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("palette", cut, "-o", cut / "keys.ase") == 0
    assert {one.color for one in read_swatch_list(cut / "keys.ase").swatches} == {SKIN, COAT, SCARF}
    assert run("palette", cut, "--palette", cut / "show.gpl") == 0
    captured = capsys.readouterr()
    assert "#fad6b4  skin\n" in captured.out and "shadow" not in captured.out and not captured.err
    (cut / "framecolor.toml").write_text('palette = "show.gpl"\n')
    assert run("palette", cut) == 0
    assert "#fad6b4  skin\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("palette", "gone.ase"), "gone.ase: there is no such file; check the name"),
        (("palette", "show.gpl", "-o", "a.act"), "a.act: .act is no format of palettes; use one of .gpl .plt"),
        (("palette", "show.gpl", "--keys", "keys"), "are for shots, and this is a palette file"),
        (("palette", "gone"), "there is no such folder"),
        (("palette", "bare"), "bare/keys: there is no painted key; paint one of the drawings"),
        (("palette", "bad.kpl"), "bad.kpl: this is no whole palette of Krita"),
        (("colorize", ".", "--palette", "bad.kpl"), "bad.kpl: this is no whole palette of Krita"),
    ],
)
def test_errors_are_one_line(
    cut: Path, words: tuple[str, ...], problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(cut)
    (cut / "bad.kpl").write_bytes(b"PK\3\4 cut off")
    copytree(cut / "line", cut / "bare/line")
    assert run(*words) == 2
    error = capsys.readouterr().err
    assert problem in error.replace("\\", "/") and error.lower().count("error:") == 1


@pytest.mark.usefixtures("quick_engine")
def test_names_go_with_the_colors(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    near = "\n".join(["GIMP Palette", "{} {} {}\tskin".format(SKIN[0] - 1, *SKIN[1:3]), "60 90 160 coat", "0 0 0 ink"])
    (cut / "near.gpl").write_text(near + "\n")
    assert run("colorize", cut, "--palette", cut / "near.gpl", "--mattes", "--format", "psd") == 0
    said = capsys.readouterr()
    text = said.out + said.err
    assert "1 color of the keys is one level off near.gpl: #fad6b4 is skin" in text
    assert "1 color of the keys is not in near.gpl: #c82832 becomes coat (140 levels off)" in text
    manifest = Manifest.read(cut / "color")
    assert set(manifest.names) == {"skin", "coat", ""} and len(manifest.names) == len(manifest.palette)
    (cut / "near.gpl").unlink()
    swatches = {row["color"]: row.get("swatch") for row in describe_shot(manifest)["palette"]}
    assert swatches == {"#f9d6b4": "skin", "#3c5aa0": "coat", "paper": None}
    assert {one.name for one in read_swatch_list(cut / "color/palette.gpl").swatches} == {"skin", "coat"}
    table = json.loads((cut / "color/palette.json").read_text())
    assert {row["name"] for row in table["colors"]} == {"paper", "skin", "coat"}


def test_marks_of_a_layered_file_have_the_names_of_colors() -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    unsure = [
        UnsureRegion(4, (0, 0, 2, 2), ((0, 0), (2, 2)), 1, None, 0.6),
        UnsureRegion(4, (0, 0, 2, 2), (), 0, None, 0.5),
    ]
    named = make_picture(rgba, rgba, None, unsure, ("", "skin shadow"))
    assert [mark.name for mark in named.marks] == ["1: skin shadow, 60% sure", "2: 50% sure"]
    assert [mark.name for mark in make_picture(rgba, rgba, None, unsure).marks] == ["1: 60% sure", "2: 50% sure"]
