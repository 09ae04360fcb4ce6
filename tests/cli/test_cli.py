"""The command line: help, plan and progress lines; and painting from Python."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner
from drawings import draw, make_shot
from painting import list_files, share_equal

from framecolor import cli
from framecolor.cli.colorize import colorize
from framecolor.cli.progress import STYLES, ProgressPrinter
from framecolor.media import read_image, write_image
from framecolor.version import VERSION

COMMANDS = sorted(cli._COMMANDS)


def invoke(*arguments: str | Path):
    return CliRunner().invoke(cli.framecolor, [str(argument) for argument in arguments])


def test_help_lists_every_command() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.output
    assert {"colorize", "plan", "evaluate", "report", "demo", "dataset", "train"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Usage: framecolor {name}")


def test_colorize_has_the_options_that_scripts_rely_on() -> None:
    text = invoke("colorize", "--help").output
    for option in (
        "--out", "--keys", "--hints", "--stencils", "--palette", "--fit", "--frames", "--mode", "--engine", "--gap",
        "--line", "--background", "--overwrite", "--progress", "--report",
    ):  # fmt: skip
        assert option in text


def test_version_and_unknown_commands() -> None:
    assert invoke("--version").output == f"framecolor, version {VERSION}\n"
    result = invoke("colourise")
    assert result.exit_code == 2
    assert "No such command 'colourise'. Did you mean 'colorize'?" in result.output
    assert "No such command 'sing'.\n" in invoke("sing").output


def test_a_farms_cancel_signal_is_handled_like_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On Windows it is SIGBREAK, which other systems do not have: a stand-in."""
    monkeypatch.setattr(cli, "_CANCELS", [signal.SIGTERM, signal.SIGUSR1])
    before = signal.getsignal(signal.SIGUSR1)
    monkeypatch.setattr(cli.framecolor, "invoke", lambda _: signal.raise_signal(signal.SIGUSR1))
    with pytest.raises(SystemExit) as ended:
        cli.main(["plan", "cut"])
    assert ended.value.code == 130
    assert capsys.readouterr().err.strip().startswith("interrupted")
    assert signal.getsignal(signal.SIGUSR1) == before


def test_plan_says_what_would_be_done_and_writes_nothing(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 9, (0, 4))
    shutil.copy(root / "line/cut.1007.png", root / "line/cut.1008.png")
    (root / "line/cut.1003.png").unlink()
    (root / "line/cut.1006.png").write_bytes(b"")
    before = list_files(root)
    result = invoke("plan", root)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "shot      cut, 128x96",
        "frames    8 to paint (1001-1002,1004-1009)",
        "keys      2: 1001, 1005",
        "span      1001-1005: paints 4 (1001-1002,1004-1005)",
        "span      1005-1009: paints 4 (1006-1009)",
        "holds     1: they repeat the drawing before them, which is painted once",
        "gaps      no drawing for 1003",
        f"broken    1006: {root}/line/cut.1006.png: the file is empty; write the file again",
        "farthest  frame 1009 is 4 drawings from its nearest key",
        "cost      8 drawings to read, 0.1 megapixels",
    ]
    table = json.loads(invoke("plan", root, "--json", "--frames", "1004-1008x2").stdout)
    assert (table["frames"], table["range"]) == (3, "1004-1008x2")
    assert table["spans"] == [
        {"first": 1001, "last": 1005, "paints": 1, "frames": "1004"},
        {"first": 1005, "last": 1009, "paints": 2, "frames": "1006,1008"},
    ]
    assert (table["holds"], table["unreadable"], table["missing"]) == (1, [1006], "1003")
    assert table["cost"]["drawings"] == 8
    assert list_files(root) == before
    assert not (root / "color").exists()


def test_plan_names_the_problems_that_colorize_would_meet(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    for file in ("line/cut.1002.png", "keys/cut.1003.png"):
        (root / file).write_bytes((root / file).read_bytes()[:-20])
    lines = invoke("plan", root).stdout.splitlines()
    assert f"broken    1002: {root}/line/cut.1002.png: the file is cut off; write the file again" in lines
    assert any(line.startswith("warning   key 1003 cannot be read") and "cut off" in line for line in lines)
    shutil.rmtree(root / "keys")
    warnings = [line for line in invoke("plan", root).stdout.splitlines() if line.startswith("warning")]
    assert any(f"{root}/keys" in warning for warning in warnings)
    checked = invoke("check", root, "--strict")  # as plan, and as the warnings of colorize
    assert checked.exit_code == 1 and "cut: no key, so colors would be proposed" in checked.stdout
    (root / "framecolor.toml").write_text("gap = 4\n")
    assert "did you mean gap_px?" in str(invoke("plan", root).exception)


def test_plan_counts_one_thing_as_one(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,), first=1)
    (root / "sheet.csv").write_text("frame,cut\n1,1\n", "utf-8")
    lines = invoke("plan", root).stdout
    assert ": 1 frame, " in lines and "; shows 1 drawing\n" in lines
    (root / "sheet.csv").unlink()
    assert "frame 2 is 1 drawing from its nearest key\n" in invoke("plan", root).stdout


def test_plan_of_a_folder_that_is_not_a_shot(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["plan", str(tmp_path)])
    assert caught.value.code == 2


@pytest.mark.usefixtures("quick_engine")
def test_five_lines_of_python(tmp_path: Path) -> None:
    make_shot(tmp_path / "cut_012", 3, (0,))
    write_image(tmp_path / "cut_012/line/cut.1004.png", draw(3)[0])

    from framecolor import Settings, Shot, colorize

    shot = Shot.open(tmp_path / "cut_012")
    outcome = colorize(shot, settings=Settings(gap_px=3, fit=0))
    assert outcome.out == tmp_path / "cut_012/color"
    assert outcome.written == (1001, 1002, 1003, 1004)
    assert (outcome.failed, outcome.warnings, outcome.keys) == ({}, (), 1)
    assert outcome.seconds >= outcome.fit_seconds > 0
    assert share_equal(read_image(outcome.out / "cut.1004.png"), draw(3)[1]) > 0.99


LINES = {
    "plain": ["cut: fit 0/10", "cut: fit 10/10", "cut: paint 0/4", "cut: paint 2/4", "cut: paint 4/4"],
    "json": [
        f'{{"shot": "cut", "stage": "{stage}", "done": {done}, "total": {total}}}'
        for stage, done, total in (("fit", 0, 10), ("fit", 10, 10), ("paint", 0, 4), ("paint", 2, 4), ("paint", 4, 4))
    ],
    "openjd": [
        "openjd_progress: 0", "openjd_status: cut: fit 0/10",
        "openjd_progress: 40", "openjd_status: cut: fit 10/10",
        "openjd_progress: 40", "openjd_status: cut: paint 0/4",
        "openjd_progress: 70", "openjd_status: cut: paint 2/4",
        "openjd_progress: 100", "openjd_status: cut: paint 4/4",
    ],
    "deadline": ["Progress: 0%", "Progress: 40%", "Progress: 40%", "Progress: 70%", "Progress: 100%"],
    "afanasy": ["PROGRESS: 0%", "PROGRESS: 40%", "PROGRESS: 40%", "PROGRESS: 70%", "PROGRESS: 100%"],
}  # fmt: skip


@pytest.mark.parametrize("style", LINES)
def test_progress_lines(capsys: pytest.CaptureFixture[str], style: str) -> None:
    assert {*LINES, "auto", "bar"} == set(STYLES)
    with ProgressPrinter("cut", style) as printer:  # type: ignore[arg-type]
        for call in (("fit", 0, 10), ("fit", 10, 10), ("paint", 0, 4), ("paint", 2, 4), ("paint", 4, 4)):
            printer(*call)
    out, err = capsys.readouterr()
    assert (
        (out, err) == ("", "\n".join(LINES[style]) + "\n") if style == "plain" else ("\n".join(LINES[style]) + "\n", "")
    )


def test_progress_of_several_shots_never_falls(capsys: pytest.CaptureFixture[str]) -> None:
    for position in range(3):
        with ProgressPrinter("cut", "deadline", position, 3) as printer:
            for stage in ("fit", "paint"):
                for done in range(0, 101):
                    printer(stage, done, 100)
    percents = [int(line.removeprefix("Progress: ").rstrip("%")) for line in capsys.readouterr().out.splitlines()]
    assert percents == sorted(percents)
    assert (percents[0], percents[-1]) == (0, 100)
    assert len(percents) < 100, "a line for every tenth, not for every step"


def test_the_bar_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    printer = ProgressPrinter("cut", "bar")
    for call in (("fit", 0, 2), ("fit", 2, 2), ("paint", 0, 1), ("paint", 1, 1)):
        printer(*call)
    printer.close()
    err = capsys.readouterr().err
    assert "cut: fit: 100%" in err
    assert "cut: paint: 100%" in err
    assert err.endswith("\n")


@pytest.mark.usefixtures("quick_engine")
def test_json_output_is_json_only(tmp_path: Path) -> None:
    """Progress and summary: the output has no table."""
    root = make_shot(tmp_path / "cut", 3, (0,))
    (root / "line/cut.1002.png").write_bytes(b"")
    result = CliRunner().invoke(colorize, [str(root), str(tmp_path / "none"), "--fit", "1", "--progress", "json"])
    assert result.exit_code == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert {line["stage"] for line in lines} == {"fit", "paint", "done"}
    done, missing = (line for line in lines if line["stage"] == "done")
    assert (done["written"], done["exit_code"], list(done["failed"])) == (2, 1, ["1002"])
    assert missing["exit_code"] == 2
    assert "there is no such folder" in missing["error"]
