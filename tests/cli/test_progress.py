"""Heartbeats during silent work, and output that nobody reads: neither affects the painting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from drawings import make_shot

from framecolor import cli
from framecolor.cli import engine, progress
from framecolor.cli.progress import STYLES, ProgressPrinter

ROOT = Path(cli.__file__).parents[2]
FARM_STYLES = [style for style in STYLES if style not in ("auto", "bar")]


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heartbeats after a fiftieth of a second."""
    monkeypatch.setattr(progress, "HEARTBEAT_SECONDS", 0.02)


def wait_for(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def beating() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "framecolor heartbeat"]


class Kept:
    """Lines as they were printed, a string for each call of click.echo."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines: list[str] = []
        monkeypatch.setattr(progress.click, "echo", lambda text, err: self.lines.append(text))


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("style", FARM_STYLES)
def test_silence_repeats_the_last_line(monkeypatch: pytest.MonkeyPatch, style: str) -> None:
    kept = Kept(monkeypatch)
    with ProgressPrinter("cut", style) as printer:  # type: ignore[arg-type]
        wait_for(lambda: len(kept.lines) >= 2)  # an engine is compiled
        printer("fit", 3, 10)
        before = len(kept.lines)
        wait_for(lambda: len(kept.lines) >= before + 2)  # a long step
    after = len(kept.lines)
    time.sleep(0.1)
    assert len(kept.lines) == after and beating() == [], "nothing comes after the end"
    assert not any("\r" in line for line in kept.lines)
    begin, last, repeated = kept.lines[0], kept.lines[before - 1], kept.lines[before]
    if style == "json":
        assert json.loads(begin).items() >= {"stage": "prepare", "done": 0, "total": 0}.items()
        assert json.loads(repeated).items() >= {"stage": "fit", "done": 3, "total": 10}.items()
        assert "silent_seconds" in json.loads(repeated) and "silent_seconds" not in json.loads(last)
    elif style in ("plain", "openjd"):
        assert "cut: prepare" in begin and begin.endswith(" 0 s")
        assert repeated.startswith(last) and repeated.endswith(" 0 s")
    else:
        assert begin.lower() == "progress: 0%"
        assert repeated == last == ("Progress: 12%" if style == "deadline" else "PROGRESS: 12%")


@pytest.mark.usefixtures("fast")
def test_percentages_never_fall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if a stage begins again, reports more than its total, or a shot ends early; and in repeated lines."""
    kept = Kept(monkeypatch)
    for position in range(3):
        with ProgressPrinter("cut", "afanasy", position, 3) as printer:
            if position == 1:
                continue
            for call in (("fit", 8, 10), ("fit", 2, 10), ("paint", 5, 10), ("fit", 1, 10), ("paint", 14, 10)):
                printer(*call)
                before = len(kept.lines)
                wait_for(lambda before=before: len(kept.lines) > before)
    percents = [int(line.removeprefix("PROGRESS: ").removesuffix("%")) for line in kept.lines]
    assert percents == sorted(percents)
    assert percents[-1] == 100


@pytest.mark.usefixtures("fast")
def test_news_is_not_repeated_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT_SECONDS", 30.0)
    kept = Kept(monkeypatch)
    with ProgressPrinter("cut", "plain") as printer:
        printer("paint", 0, 2)
        time.sleep(0.05)
        printer("paint", 2, 2)
    assert kept.lines == ["cut: paint 0/2", "cut: paint 2/2"]


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_the_thread_ends_with_what_ends_the_work(stop: type[BaseException]) -> None:
    with pytest.raises(stop), ProgressPrinter("cut", "plain") as printer:
        assert len(beating()) == 1
        printer("fit", 1, 2)
        raise stop
    assert beating() == []


@pytest.mark.usefixtures("fast")
def test_the_time_before_the_first_stage_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(monkeypatch)
    with ProgressPrinter("cut", "plain", begin="report"):
        wait_for(lambda: len(kept.lines) >= 1)
    assert kept.lines[0].startswith("cut: report,") and kept.lines[0].endswith(" 0 s")


def test_a_build_has_a_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "HEARTBEAT_SECONDS", 0.02)
    kept = Kept(monkeypatch)
    with engine._Bar("features", quiet=True) as bar:
        wait_for(lambda: len(kept.lines) >= 1)
        bar("Building engine", 3, 10)
        wait_for(lambda: any("Building" in line for line in kept.lines))
    assert kept.lines[0].startswith("features: compiling,") and kept.lines[0].endswith(" 0 s")
    assert kept.lines[-1].startswith("features: Building engine,")
    assert beating() == []


def test_a_bar_needs_no_heartbeat() -> None:
    with ProgressPrinter("cut", "bar"):
        assert beating() == []


@pytest.mark.parametrize("error", [BrokenPipeError, OSError, ValueError])
def test_lines_that_cannot_be_written_are_left_out(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def echo(text: str, err: bool) -> None:
        raise error

    monkeypatch.setattr(progress.click, "echo", echo)
    with ProgressPrinter("cut", "json") as printer:
        printer("paint", 1, 1)


def test_a_name_cannot_send_commands_to_the_farm(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressPrinter("cut\nopenjd_fail: \udcff", "openjd") as printer:
        printer("paint", 0, 1)
    assert capsys.readouterr().out == "openjd_progress: 0\nopenjd_status: cut\\nopenjd_fail: \\udcff: paint 0/1\n"


def run(program: str, close: str) -> subprocess.CompletedProcess[bytes]:
    """A Python program with the redirections of a shell."""
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tests", "PROGRAM": program}
    command = f'set -o pipefail; "{sys.executable}" -c "$PROGRAM" {close}'
    return subprocess.run(["bash", "-c", command], env=env, capture_output=True, check=False)


@pytest.mark.parametrize("close", ["| true", "2>&1 | true", ">&-", "<&- >&- 2>&-"])
def test_the_exit_code_stays_when_output_is_not_read(close: str) -> None:
    result = run("from framecolor import cli; cli.main(['config', 'show', '--json'])", close)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", [["config", "init"], ["completion", "bash"], ["--help"], ["plan", "--help"]])
@pytest.mark.parametrize("errors", ["", " 2>&1"])
def test_output_that_is_lost_is_an_error(arguments: list[str], errors: str) -> None:
    """Half a settings file must not pass as a whole one."""
    result = run(f"from framecolor import cli; cli.main({arguments!r})", f"> /dev/full{errors}")
    full = b"error: output: cannot be written (No space left on device); make room for it\n"
    assert (result.returncode, result.stderr) == (2, b"" if errors else full)


@pytest.mark.parametrize("close", ["2>&1 | true", "2>&-", "<&- >&- 2>&-", "> /dev/full 2>&1"])
def test_the_exit_code_stays_when_an_error_is_not_read(close: str) -> None:
    result = run("from framecolor import cli; cli.main(['config', 'show', 'no/such/shot'])", close)
    assert (result.returncode, result.stderr) == (2, b"")


def test_a_shot_is_painted_though_all_streams_are_closed(tmp_path: Path) -> None:
    """One drawing cannot be read: exit code 1, and the others are there."""
    root = make_shot(tmp_path / "cut", 3, (0,))
    (root / "line/cut.1002.png").write_bytes(b"")
    program = f"from framecolor import cli; cli.main(['colorize', {str(root)!r}, '--progress', 'json'])"
    assert run(program, "<&- >&- 2>&-").returncode == 1
    painted = json.loads((root / "color/framecolor.json").read_text())["frames"]
    assert [frame["status"] for frame in painted] == ["key", "failed", "painted"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_lines_come_in_their_order(monkeypatch: pytest.MonkeyPatch, unbuffered: str) -> None:
    """Text that a library does not flush, as the end of a bar's line, comes before later lines."""
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    program = """
import os, sys
from framecolor.cli.streams import lasting_streams
with lasting_streams():
    sys.stderr.write("first\\n")
    os.write(2, b"second\\n")
"""
    assert run(program, "").stderr == b"first\nsecond\n"


def test_names_that_are_not_utf8_can_be_printed(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/cut\xff"
    program = f"from framecolor import cli; import os; cli.main(['plan', os.fsdecode({folder!r})])"
    result = run(program, "")
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.endswith(b"cut\\udcff: there is no such folder, sequence or movie; check the name\n")
