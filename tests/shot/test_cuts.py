"""Cut folders: cels, retakes, and exposure sheets that choose the drawings to paint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cut_folders import NOTHING, add, invoke, make_cut, write_sheet
from drawings import PAPER, draw, make_shot, refuse
from painting import colors_of, list_files, paint, read_bytes, read_frames, share_equal
from timesheets import describe_xdts, write_xdts

from framecolor import Shot
from framecolor.output.manifest import Manifest
from framecolor.report.correcting import write_command


@pytest.mark.usefixtures("quick_engine")
def test_a_cut_is_painted_from_the_command_line(tmp_path: Path) -> None:
    """Every drawing that the sheet shows once, however often; what it never shows, and what is missing, is named."""
    root = make_cut(tmp_path / "Cut-005")
    write_sheet(root)
    before = list_files(root)
    result = invoke("colorize", root, "--fit", 0)
    assert result.exit_code == 0, result.output
    out = tmp_path / "Cut-005_Cell"
    a, b = read_frames(out / "A"), read_frames(out / "B")
    assert sorted(a) == ["a0001.png", "a0002.png", "a0003.png", "a0005.png"]
    assert sorted(b) == ["b0001.png", "b0002.png"]
    for number in (2, 3):
        assert share_equal(a[f"a000{number}.png"], draw(number)[1]) > 0.99
    assert share_equal(b["b0002.png"], draw(2)[1]) > 0.99
    rows = [line.split() for line in result.stdout.splitlines()[1:]]
    assert [(row[0], row[2]) for row in rows] == [("Cut-005/A", "4"), ("Cut-005/B", "2")]
    assert [line for line in result.stderr.splitlines() if line.startswith("warning")] == [
        "warning: Cut-005/A: not painted, as cut.xdts never shows them: 4",
        "warning: Cut-005/A: cut.xdts shows drawings that have no file: 7",
        "warning: Cut-005/B: not painted, as cut.xdts never shows them: 3",
    ]
    assert list_files(root) == before, "nothing is written into the cut's folder"
    assert json.loads((out / "A/framecolor.json").read_text())["shot"] == "Cut-005/A"
    again = invoke("colorize", root, "--fit", 0)
    assert [line.split()[2:4] for line in again.stdout.splitlines()[1:]] == [["0", "4"], ["0", "2"]]
    report = invoke("report", root)
    assert report.stdout.splitlines() == [str(out / cel / "report.html") for cel in ("A", "B")]
    command = write_command(Manifest.read(out / "A"))
    assert " ".join(command) == "framecolor colorize Cut-005 --cel A --corrections corrections.json --report"
    assert invoke("report", root, "-o", tmp_path / "x.html").exit_code == 2
    assert invoke("report", root / "Line/B", "-o", tmp_path / "x.html").exit_code == 0


@pytest.mark.usefixtures("quick_engine")
def test_a_cel_is_chosen(tmp_path: Path) -> None:
    root = make_cut(tmp_path / "Cut-005", "LINE", "keys")
    (root / "framecolor.toml").write_text('background = "paper"\n')
    result = invoke("colorize", root, "--fit", 0, "--cel", "B", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["B"]
    refused = str(invoke("repaint", root, "--palette", "a.gpl").exception)
    assert "Cut-005_Cell/A: holds no framecolor.json" in refused and "choose painted cels with --cel" in refused
    frames = read_frames(tmp_path / "out/B")
    assert len(frames) == 3, "without a sheet all drawings are painted"
    assert PAPER not in colors_of(frames["b0002.png"]), "the cut's settings are those of its cels"
    result = invoke("colorize", root, "--fit", 0, "--cel", "B", "--cel", "A,C")
    assert (result.exit_code, "there is no cel C; the cut has A, B") == (1, str(result.exception).partition(": ")[2])
    assert "leave out --cel" in str(invoke("plan", make_shot(tmp_path / "sh", 2, (0,)), "--cel", "A").exception)
    given = invoke("plan", root, "--json", "--keys", root / "keys")
    assert [table["keys"] for table in json.loads(given.stdout)] == [[1, 5], [1]]
    assert "Error: --corrections" in invoke("colorize", root, "--corrections", "c.json").output


@pytest.mark.usefixtures("quick_engine")
def test_a_retake_leaves_what_was_delivered(tmp_path: Path) -> None:
    root = make_cut(tmp_path / "Cut-005")
    paint(root / "Line/A")
    out = tmp_path / "Cut-005_Cell"
    delivered, times = read_bytes(out / "A"), list_files(out / "A")
    add(root / "Line/A.R1", "a", 3, 5, step=4)
    retake = Shot.open(root / "Line/A.R1")
    assert (retake.numbers, retake.wanted, sorted(retake.keys)) == ((1, 2, 3, 4, 5), (3, 5), [1])
    assert (retake.name, retake.out) == ("Cut-005/A.R1", out / "A.R1")
    add(root / "Keys/A.R1", "a", 5, painted=True, step=4)
    outcome = paint(root / "Line/A.R1")
    assert outcome.written == (3, 5)
    frames = read_frames(out / "A.R1")
    assert sorted(frames) == ["a0003.png", "a0005.png"]
    assert share_equal(frames["a0003.png"], draw(7)[1]) > 0.98
    assert share_equal(frames["a0005.png"], draw(9)[1]) == 1
    assert (read_bytes(out / "A"), list_files(out / "A")) == (delivered, times)
    add(root / "Line/A.R2", "a", 3)
    second = Shot.open(root / "Line/A.R2")
    assert [second.lines[n].parent.name for n in second.numbers] == ["A", "A", "A.R2", "A", "A.R1"]
    assert {n: path.parent.name for n, path in second.keys.items()} == {1: "A", 5: "A.R1"}
    assert second.wanted == (3,)
    write_sheet(root)
    timed = Shot.open(root / "Line/A.R1")
    assert timed.exposures is not None, "a retake has its cel's track"
    assert timed.exposures[4] == 2
    assert [row["shot"] for row in json.loads(invoke("plan", root, "--json").stdout)] == [
        f"Cut-005/{name}" for name in ("A", "A.R1", "A.R2", "B")
    ]
    refuse(root / "Line/A.R1", "--frames 1", "the shot has 3,5", frames="1")


def test_folders_that_are_no_cels(tmp_path: Path) -> None:
    root = make_cut(tmp_path / "Cut-005")
    refuse(root, "Cut-005: is a cut", "A, B", "Line/A", "--cel")
    add(root / "Line/C.R1", "c", 1)
    for words in (refuse(root, "Line/C.R1: is a retake of C"), refuse(root / "Line/C.R1", "there is no C")):
        assert "Line/C, or rename it" in words
    (root / "Line/C.R1").rename(root / "Line/A.R01")
    (root / "Line/A.R1").mkdir()
    refuse(root / "Line/A.R1", "two retakes have the same number: A, A.R01, A.R1", "rename")
    (root / "Line/A.R01").rename(tmp_path / "away")
    refuse(root / "Line/A.R1", "Line/A.R1: ", "no numbered images")
    (root / "keys").mkdir()
    (root / "Keys").rename(root / "KEYS")
    assert Shot.open(root / "Line/B").keys == {}, "keys is found by its very name"
    (root / "keys").rename(root / "Keys")
    (root / "KEYS").rename(root / "kEYS")
    refuse(root / "Line/B", "letter case", "keep one of the two folders")


def test_a_cel_from_inside_of_its_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_cut(tmp_path / "Cut-005")
    out = tmp_path / "Cut-005_Cell"
    for place, path, cel in ((root / "Line/A", ".", "A"), (root / "Line", "B", "B"), (root / "Line/B", "../A", "A")):
        monkeypatch.chdir(place)
        shot = Shot.open(path)
        assert (shot.name, shot.out) == (f"Cut-005/{cel}", out / cel)
        assert 1 in shot.keys
    monkeypatch.chdir(root)
    tables = json.loads(invoke("plan", ".", "--json").stdout)
    assert [table["shot"] for table in tables] == ["Cut-005/A", "Cut-005/B"]
    assert Shot.open(Path("Line/A"), frames="2-3").wanted == (2, 3)


def test_the_sheet_of_a_shot(tmp_path: Path) -> None:
    """The only track, or the one that is named as the shot; a sheet that fits nothing is an error with a way out."""
    root = make_shot(tmp_path / "cut_7", 4, (0,), first=1)
    assert Shot.open(root).exposures is None
    (root / "sheet.csv").write_text("# fps 12\nframe,whatever\n1,1\n2,3\n6,x\n")
    shot = Shot.open(root)
    assert shot.exposures == (1, 3, 3, 3, 3, None)
    assert (shot.wanted, shot.numbers) == ((1, 3), (1, 2, 3, 4))
    assert shot.warnings == ("not painted, as sheet.csv never shows them: 2,4",)
    lines = invoke("plan", root).stdout.splitlines()
    told = f"sheet     {root}/sheet.csv, track whatever: 6 frames, 0.5 s at 12 frames a second; shows 2 drawings"
    assert told in lines
    assert "warning   not painted, as sheet.csv never shows them: 2,4" in lines
    assert Shot.open(root, sheet="none").wanted == shot.numbers
    assert Shot.open(root, frames="2-3").wanted == (3,)
    refuse(root, "the shot has 1-4, of which sheet.csv shows 1,3", frames="9")
    refuse(root, "track whatever shows none of the drawings 2,4: it shows 1,3", "--sheet none", frames="2,4")
    write_xdts(root / "late.XDTS", describe_xdts(2, {"CUT_7": [(0, "4")], "BG": [(0, "1")], "C": [(0, "x")]}))
    refuse(root, "holds 2 exposure sheets: late.XDTS, sheet.csv", "--sheet")
    assert Shot.open(root, sheet=root / "late.XDTS").wanted == (4,)
    root = root.rename(tmp_path / "other")
    refuse(root, "CUT_7, BG, C", "other", sheet=root / "late.XDTS")
    (root / "sheet.csv").unlink()
    write_xdts(root / "late.XDTS", describe_xdts(2, {"A": [(0, "1a"), (1, "2")]}))
    unshown, unnumbered = Shot.open(root).warnings
    assert unshown == "not painted, as late.XDTS never shows them: 1,3-4"
    assert unnumbered.startswith("late.XDTS") and unnumbered.endswith(": 1a")
    write_xdts(root / "late.XDTS", describe_xdts(2, {"A": [(0, NOTHING)]}))
    refuse(root, "shows none of the drawings 1-4: it is empty")
    write_xdts(root / "late.XDTS", "{")
    refuse(root, "late.XDTS", "not JSON")


def test_a_cel_that_the_sheet_does_not_have(tmp_path: Path) -> None:
    root = make_cut(tmp_path / "Cut-005")
    sheet = write_xdts(tmp_path / "elsewhere/take2.xdts", describe_xdts(6, {"a": [(0, "2")], "BOOK": [(0, "1")]}))
    shot = Shot.open(root / "Line/B", sheet=sheet)
    assert (shot.wanted, shot.exposures) == ((1, 2, 3), None)
    assert shot.warnings == ("take2.xdts has no track B, only a, BOOK: all drawings are painted",)
    assert Shot.open(root / "Line/A", sheet=sheet).wanted == (2,)
    lines = invoke("plan", root, "--sheet", sheet).stdout
    assert "warning   take2.xdts has no track B" in lines
    assert "sheet     " + str(sheet) + ", track a: 6 frames, 0.25 s at 24" in lines


def test_a_cut_is_no_job_and_a_cel_is_one(tmp_path: Path) -> None:
    root = make_cut(tmp_path / "Cut-005")
    refused = invoke("farm", "export", root, "-o", tmp_path / "job")
    assert "choose one with --cel: A, B" in str(refused.exception)
    given = ("--cel", "A", "--keys", root / "Keys", "--sheet", write_sheet(root))
    result = invoke("farm", "export", root, "-o", tmp_path / "job", *given)
    assert "4 frames of Cut-005/A" in result.output
    values = json.loads((tmp_path / "job/parameters.json").read_text())
    assert (values["Keys"], values["Sheet"]) == (str(root / "Keys"), str(root / "cut.xdts"))
    add(tmp_path / "comma/Line/A,B", "a", 1)
    refused = str(invoke("farm", "export", tmp_path / "comma", "-o", tmp_path / "other").exception)
    assert "cannot be passed to a farm" in refused


@pytest.mark.parametrize(
    ("given", "want"),
    [
        (("Cut-005", "--cel", "B", "--out", "away"), ("Cut-005", "away", "B")),
        (("Cut-005/Line/A.R1",), ("Cut-005", "Cut-005_Cell", "A.R1")),
        (("Cut-005/Line/B", "--out", "away"), ("Cut-005/Line/B", "away", None)),
        (("Cut-005/Line/B", "--keys", "Cut-005/Keys/B"), ("Cut-005/Line/B", "Cut-005_Cell/B", None)),
    ],
)
def test_where_a_farm_finds_a_cel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], want: tuple[str, str, str | None]
) -> None:
    """All of the cut is handed over; where options are of the cel's folder alone, that folder."""
    add(make_cut(tmp_path / "Cut-005") / "Line/A.R1", "a", 3)
    monkeypatch.chdir(tmp_path)
    result = invoke("farm", "export", *given, "-o", "job")
    assert result.exit_code == 0, result.output
    values = json.loads((tmp_path / "job/parameters.json").read_text())
    shot, out, cel = want
    assert (values["Shot"], values["Out"], values.get("Cel")) == (str(tmp_path / shot), str(tmp_path / out), cel)


def test_the_names_of_drawings_choose_the_track(tmp_path: Path) -> None:
    add(tmp_path / "cut_9/line", "B_", 1, 2)
    write_xdts(tmp_path / "cut_9/cut.xdts", describe_xdts(4, {"A": [(0, "1")], "b": [(0, "2")]}))
    assert Shot.open(tmp_path / "cut_9").wanted == (2,)


def test_hints_and_stencils_of_cels(tmp_path: Path) -> None:
    root = make_cut(tmp_path / "Cut-005")
    add(root / "HINTS/a", "a", 2, 3)
    add(root / "stencils/B", "b", 2)
    add(root / "Line/A.R1", "a", 3)
    add(root / "HINTS/A.R1", "a", 4)
    assert {number: path.parent.name for number, path in Shot.open(root / "Line/A").hints.items()} == {2: "a", 3: "a"}
    assert sorted(Shot.open(root / "Line/A.R1").hints) == [2, 4], "what was said of the old drawing 3 is gone"
    b = Shot.open(root / "Line/B")
    assert (dict(b.hints), sorted(b.stencils)) == ({}, [2])
