"""A shot's own corrections.json: used without being named, by every command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cut_folders import add, invoke, make_cut
from drawings import COAT, SCARF, draw, make_shot, refuse
from painting import list_files, paint, read_bytes, read_frames

from framecolor import Settings, Shot
from framecolor.farm.job import plan_job
from framecolor.farm.openjd import build_parameters, build_template
from framecolor.media import write_image
from framecolor.shot.corrections import Correction, write_corrections

HEAD = 42, 28


def correct(path: Path, *numbers: int, shot: str = "cut", color: tuple[int, int, int, int] = COAT) -> Path:
    write_corrections(path, shot, [Correction(number, *HEAD, color) for number in numbers])
    return path


def test_the_file_in_the_shot_is_used_and_noted(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut")
    assert Shot.open(root).corrections_file == root / "corrections.json" and Shot.open(root).corrections == ()
    correct(root / "corrections.json", 1002, 1003)
    shot = Shot.open(root)
    assert [c.number for c in shot.corrections] == [1002, 1003] and shot.notes == ("corrections.json: 2 corrections",)
    without = Shot.open(root, corrections="none")
    assert without.corrections == () and without.notes == ()
    correct(root / "corrections.json")
    assert Shot.open(root).notes == (), "all of them were taken back"


def test_another_file_wins_and_that_is_noted(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut")
    own = correct(root / "corrections.json", 1002)
    other = correct(tmp_path / "other.json", 1004)
    shot = Shot.open(root, corrections=other)
    assert [c.number for c in shot.corrections] == [1004]
    assert shot.notes == (f"{own}: not used, as --corrections names {other}",)
    assert Shot.open(root, corrections=own).notes == ()


def test_a_file_that_does_not_fit_the_shot_is_an_error(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut")
    correct(root / "corrections.json", 1002, 12)
    refuse(root, "corrections.json", "corrects frame 12, which has no drawing", "this shot")
    (root / "corrections.json").write_text("[")
    refuse(root, "corrections.json", "is not JSON")
    (root / "corrections.json").unlink()
    (root / "corrections.json").symlink_to(tmp_path / "gone.json")
    refuse(root, "corrections.json", "no such file")
    assert Shot.open(root, corrections="none").corrections == ()


@pytest.mark.parametrize("keys", ["Keys", "keys"])
def test_each_cel_and_retake_has_its_own_beside_its_keys(tmp_path: Path, keys: str) -> None:
    cut = make_cut(tmp_path / "Cut-005", keys=keys)
    add(cut / "Line" / "A.R1", "a", 3)
    file = correct(cut / keys / "A" / "corrections.json", 2, shot="Cut-005/A")
    cels = {name: Shot.open(cut / "Line" / name) for name in ("A", "A.R1", "B")}
    assert cels["A"].corrections_file == file and len(cels["A"].corrections) == 1
    assert cels["A"].notes == ("corrections.json: 1 correction",) and cels["A"].warnings == ()
    assert cels["A.R1"].corrections_file == cut / keys / "A.R1/corrections.json"
    assert cels["B"].corrections_file == cut / keys / "B/corrections.json"
    assert cels["A.R1"].corrections == cels["B"].corrections == ()
    assert cels["A"].recolor_file == cut / keys / "A/recolor.toml"


def test_a_file_in_the_folder_of_a_cut_is_not_used_and_said_to_be_so(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-005")
    file = correct(cut / "corrections.json", 2, shot="Cut-005/A")
    shots = [Shot.open(cut / "Line" / cel) for cel in "AB"]
    assert [shot.corrections for shot in shots] == [(), ()] and shots[1].notes == ()
    assert shots[0].notes == (
        f"{file}: not used; move it to {cut / 'Keys/A/corrections.json'}, or name it with --corrections",
    )
    assert Shot.open(cut / "Line/A", corrections=file).notes == ()
    (cut / "recolor.toml").write_text("[colors]\n")
    output = invoke("check", cut, "--cel", "B").output
    assert f"{cut / 'recolor.toml'}: not used; move it to {cut / 'Keys/B/recolor.toml'}" in output


def test_a_cel_without_keys_has_its_own_in_the_folder_for_them(tmp_path: Path) -> None:
    add(tmp_path / "Cut-005/Line/A", "a", 1, 2)
    shot = Shot.open(tmp_path / "Cut-005/Line/A")
    correct(shot.corrections_file, 2, shot=shot.name)
    again = Shot.open(tmp_path / "Cut-005/Line/A")
    assert len(again.corrections) == 1 and again.keys == {} and again.warnings == ()


def test_a_sequence_and_a_movie_have_their_own_beside_them(tmp_path: Path) -> None:
    make_shot(tmp_path, 3, (0,), name="sh010.{:04d}.png")
    for step in range(3):
        write_image(tmp_path / f"line/sh020.{1001 + step}.png", draw(step)[0])
    shots = {name: Shot.open(tmp_path / f"line/{name}.####.png", keys=tmp_path / "keys") for name in ("sh010", "sh020")}
    assert {name: shot.corrections_file.name for name, shot in shots.items()} == {
        "sh010": "sh010.corrections.json",
        "sh020": "sh020.corrections.json",
    }
    correct(shots["sh010"].corrections_file, 1002, shot="sh010")
    opened = [Shot.open(tmp_path / f"line/{name}.####.png", keys=tmp_path / "keys") for name in ("sh010", "sh020")]
    assert [len(shot.corrections) for shot in opened] == [1, 0]
    assert opened[0].notes == ("sh010.corrections.json: 1 correction",)


def test_the_name_of_the_report_page_finds_the_newest_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's command names corrections.json, wherever that is."""
    monkeypatch.setattr("platformdirs.user_downloads_path", lambda: tmp_path / "downloads")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    cut = make_cut(tmp_path / "Cut-005")
    own = correct(cut / "Keys/A/corrections.json", 2, shot="Cut-005/A")
    os.utime(own, (1e9, 1e9))
    assert [c.number for c in Shot.open(cut / "Line/A", corrections="corrections.json").corrections] == [2]
    correct(tmp_path / "downloads/corrections (1).json", 3, shot="Cut-005/A")
    shot = Shot.open(cut / "Line/A", corrections="corrections.json")
    assert [c.number for c in shot.corrections] == [3]
    assert any("not used" in note for note in shot.notes) and any("corrections (1).json" in t for t in shot.warnings)


@pytest.mark.usefixtures("quick_engine")
def test_frames_are_those_of_the_option(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 4, (0, 3))
    plain = read_bytes(paint(root, tmp_path / "plain").out)
    other = correct(tmp_path / "other.json", 1002, color=SCARF)
    named = read_bytes(paint(root, tmp_path / "named", corrections=other).out)
    assert named != plain
    (root / "corrections.json").write_bytes(other.read_bytes())
    out = paint(root).out
    assert read_bytes(out) == named
    assert read_frames(out)["cut.1002.png"][HEAD[1], HEAD[0]].tolist() == list(SCARF)
    before = list_files(out)
    assert paint(root, corrections=other).written == () and list_files(out) == before
    (root / "corrections.json").unlink()
    assert paint(root).written and read_bytes(out) == plain


@pytest.mark.usefixtures("quick_engine")
def test_commands_use_it_unless_none_is_named(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    correct(root / "corrections.json", 1002)
    note = "corrections.json: 1 correction"
    for command in ("plan", "check"):
        assert (
            note in invoke(command, root).output and note not in invoke(command, root, "--corrections", "none").output
        )
    assert json.loads(invoke("plan", root, "--json").output)["partial"] == [1002]
    result = invoke("colorize", root, "--report")
    assert result.exit_code == 0 and result.output.count(note) == 1
    page = (root / "color/report.html").read_text()
    assert "corrections.json" in page and '"x": 42' in page.replace('"x":42', '"x": 42')
    other = make_shot(tmp_path / "other", 3, (0, 2))
    result = invoke("colorize", root, other, "--corrections", "none")
    assert result.exit_code == 0 and note not in result.output
    correct(root / "corrections.json", 12)
    assert invoke("colorize", root).exit_code == 2


@pytest.mark.parametrize("given", [None, "none"])
def test_a_farm_passes_it_to_its_hosts(tmp_path: Path, given: str | None) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    correct(root / "corrections.json", 1002)
    (root / "recolor.toml").write_text("[colors]\n")
    words = ["farm", "export", root, "-o", tmp_path / "job", *(["--corrections", given] if given else [])]
    assert invoke(*words, *(["--recolor", given] if given else [])).exit_code == 0
    parameters = json.loads((tmp_path / "job/parameters.json").read_text())
    template = (tmp_path / "job/template.json").read_text()
    names = {"Corrections": "corrections.json", "Recolor": "recolor.toml"}
    found = {name: Path(parameters[name]).name for name in names if name in parameters}
    assert found == ({} if given else names)
    assert ('"--corrections", "none"' in " ".join(template.split())) == bool(given)
    assert ('recolor = "none"' in (tmp_path / "job/settings.toml").read_text()) == bool(given)


def test_a_job_of_a_cel_names_its_own_files(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-005")
    own = correct(cut / "Keys/A/corrections.json", 2, shot="Cut-005/A")
    job = plan_job(str(cut), Shot.open(cut / "Line/A"), Settings(), cel="A")
    assert build_parameters(job)["Corrections"] == str(own)
    assert "Recolor" not in json.dumps(build_template(job))
