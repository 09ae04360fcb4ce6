"""framecolor colorize as a shell runs it: several shots, exit codes, Ctrl-C."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import pytorch_alone
from drawings import make_shot
from painting import list_files, paint, read_bytes, read_frames

from framecolor.cli import framecolor
from framecolor.cli.colorize import colorize
from framecolor.media import read_image

ROOT = Path(__file__).parents[2]


@pytest.mark.usefixtures("quick_engine")
def test_several_shots_of_which_one_fails(tmp_path: Path) -> None:
    good, broken, other = (make_shot(tmp_path / name, 3, (0,)) for name in ("cut1", "cut2", "cut3.v2"))
    shutil.rmtree(broken / "line")
    result = CliRunner().invoke(
        colorize, [str(good), str(broken), str(other), "-o", str(tmp_path / "out"), "--fit", "0"]
    )
    assert result.exit_code == 1
    assert f"error: {broken}/line: there is no such folder" in result.stderr
    table = result.stdout.splitlines()
    assert table[0].split()[:3] == ["shot", "keys", "painted"]
    assert [line.split()[0] for line in table[1:]] == ["cut1", "cut2", "cut3.v2"]
    assert table[1].split()[1:5] == ["1", "3", "0", "0"]
    assert table[2].split("  ")[-1] == "not painted" and result.output.count("there is no such folder") == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["cut1", "cut3.v2"]
    assert len(read_frames(tmp_path / "out/cut3.v2")) == 3


@pytest.mark.usefixtures("quick_engine")
def test_the_summary_names_the_reports(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    result = CliRunner().invoke(colorize, [str(root), "--fit", "0", "--report"])
    assert result.stdout.splitlines()[-1] == f"report: {root / 'color/report.html'}"
    result = CliRunner().invoke(colorize, [str(root), "--fit", "0", "--report", "--progress", "json"])
    assert json.loads(result.stdout.splitlines()[-1])["report"] == str(root / "color/report.html")
    result = CliRunner().invoke(colorize, [str(tmp_path / "none")])
    assert (result.stdout, len(result.stderr.splitlines())) == ("", 1), "an error alone needs no table"


@pytest.mark.usefixtures("quick_engine")
def test_shots_that_would_write_to_one_folder(tmp_path: Path) -> None:
    first, second = make_shot(tmp_path / "a/cut", 2, (0,)), make_shot(tmp_path / "b/cut", 2, (0,))
    result = CliRunner().invoke(colorize, [str(first), str(second), "-o", str(tmp_path / "out"), "--fit", "0"])
    assert result.exit_code == 1
    assert re.search(rf"out/cut: .*{re.escape(str(first))}.*-o", result.stderr)
    assert len(read_frames(tmp_path / "out/cut")) == 2


@pytest.mark.usefixtures("quick_engine")
def test_exit_codes(tmp_path: Path) -> None:
    good, bad = make_shot(tmp_path / "cut", 2, (0,)), tmp_path / "nowhere"
    for shots, code in (([good], 0), ([bad], 2), ([bad, bad], 2), ([bad, good], 1)):
        assert CliRunner().invoke(colorize, [*map(str, shots), "--fit", "0"]).exit_code == code
    assert CliRunner().invoke(colorize, []).exit_code == 2
    (good / "line/cut.1002.png").write_bytes(b"")
    assert CliRunner().invoke(colorize, [str(good), "--fit", "0"]).exit_code == 1


@pytest.mark.usefixtures("quick_engine")
def test_settings_come_from_the_shot_and_options_win(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 1, (0,))
    (root / "framecolor.toml").write_text('line = "none"\nbackground = "paper"\nfit = 0\n')
    assert CliRunner().invoke(colorize, [str(root)]).exit_code == 0
    settings = json.loads((root / "color/framecolor.json").read_text())["settings"]
    assert (settings["line"], settings["background"], settings["fit"]) == ("none", "paper", 0)
    assert CliRunner().invoke(colorize, [str(root), "--line", "over"]).exit_code == 0
    settings = json.loads((root / "color/framecolor.json").read_text())["settings"]
    assert (settings["line"], settings["background"]) == ("over", "paper")


@pytest.mark.usefixtures("quick_engine")
def test_a_palette_is_looked_for_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option is relative to the shell's folder, a setting of the shot to the shot."""
    root = make_shot(tmp_path / "cut", 1, (0,))
    (tmp_path / "film.gpl").write_text("GIMP Palette\n1 2 3\n")
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(colorize, ["cut", "--fit", "0", "--palette", "film.gpl"]).exit_code == 0
    assert tuple(read_image(root / "color/cut.1001.png")[70, 36]) == (1, 2, 3, 255)


@pytest.mark.usefixtures("quick_engine")
def test_report_beside_the_frames(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0,))
    result = CliRunner().invoke(framecolor, ["colorize", str(root), "--fit", "0", "--report"])
    assert result.exit_code == 0
    assert (root / "color/report.html").stat().st_size > 1000


PROGRAM = """
import os, signal, sys, threading
# Whoever runs the tests in the background of a script has Ctrl-C ignored, also by what is started from there.
signal.signal(signal.SIGINT, signal.default_int_handler)
from framecolor import Progress
from framecolor.pipeline import colorize as pipeline
stage, at = sys.argv[1], int(sys.argv[2])
if stage == "fit":
    from framecolor.keys.finetuning import cache as finetune_cache
    finetune_cache._KEEP_EVERY_SECONDS = 0.0
if sys.argv[5] == "pytorch":
    sys.path.insert(0, "tests")
    from conftest import pytorch_alone
    engine = pytorch_alone()
    engine.__enter__()
whole = pipeline.colorize

def colorize(shot, out, settings, listener):
    def listen(event):
        listener(event)
        if isinstance(event, Progress) and (event.stage, event.done) == (stage, at):
            # As from a terminal: it arrives from outside, while the work goes on.
            threading.Timer(float(sys.argv[3]), os.kill, (os.getpid(), int(sys.argv[4]))).start()
    return whole(shot, out, settings, listen)

pipeline.colorize = colorize
from framecolor.cli import main
main(sys.argv[6:])
"""


def run(
    stage: str,
    at: int,
    delay: float,
    *arguments: str | Path,
    sent: signal.Signals = signal.SIGINT,
    engine: str = "openvino",
) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, which gets a signal shortly after a stage got so far."""
    command = [sys.executable, "-c", PROGRAM, stage, str(at), str(delay), str(int(sent)), engine, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("stage", "at", "delay", "fit", "sent"),
    [("fit", 3, 0.02, 6, signal.SIGINT), ("paint", 2, 0.0, 0, signal.SIGINT), ("paint", 5, 0.0, 0, signal.SIGTERM)],
)
def test_ctrl_c_leaves_whole_files_only(
    tmp_path: Path, stage: str, at: int, delay: float, fit: int, sent: signal.Signals
) -> None:
    """Also the SIGTERM by which a farm cancels a task. What was fitted is painted with by PyTorch, which need not
    trace it."""
    engine = "pytorch" if fit else "openvino"
    frames = 13 if stage == "paint" else 5
    shots = [make_shot(tmp_path / name, frames, tuple(range(0, frames, 4))) for name in ("stopped", "whole")]
    arguments = ("colorize", shots[0], "--fit", str(fit), "--progress", "plain")
    stopped = run(stage, at, delay, *arguments, sent=sent, engine=engine)
    assert stopped.returncode == 130, stopped.stderr
    assert "interrupted" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    before = list_files(shots[0] / "color")
    assert not [name for name in before if name.endswith(".tmp")]
    done = read_frames(shots[0] / "color")  # raises on a file that is not whole
    if stage == "fit":
        assert {Path(name).suffix or Path(name).name for name in before} == {".partial", "lock"}
    else:
        assert at <= len(done) < frames
    again = run("never", 0, 0, *arguments, engine=engine)
    assert again.returncode == 0, again.stderr
    after = list_files(shots[0] / "color")
    assert all(after[name] == before[name] for name in done), "what was done is not done again"
    with pytorch_alone() if fit else nullcontext():
        paint(shots[1], fit=fit)
    assert read_bytes(shots[0] / "color") == read_bytes(shots[1] / "color")
    records = [json.loads((shot / "color/framecolor.json").read_text())["frames"] for shot in shots]
    assert records[0] == records[1]
