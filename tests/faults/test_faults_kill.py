"""Stopped at any moment, a run leaves whole files only, and the next one ends as if nothing had happened."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from drawings import make_shot
from faulty import Ended, draw_moments, kill_at, list_changes, list_torn, read_tree, run, stopped_well

_OPTIONS = ("--fit", "6", "--report", "--line", "layer")
_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGKILL)
_COMMAND = (sys.executable, "-m", "framecolor", "colorize", "--report")


@dataclass(frozen=True)
class _Undisturbed:
    """A shot that was painted in one go: its drawings and keys, what came out, and how long it took."""

    drawn: dict[str, object]
    painted: dict[str, object]
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Undisturbed]:
    folder = tmp_path_factory.mktemp("undisturbed")
    root = make_shot(folder / "cut", 5, (0, 4))
    drawn = read_tree(root)
    for _ in range(2):  # the first run also starts the server
        shutil.rmtree(root / "color", ignore_errors=True)
        ended = run("colorize", root, *_OPTIONS, printed=folder / "printed")
        assert ended.code == 0, ended.text
    yield _Undisturbed(drawn, read_tree(root / "color"), ended.seconds)


def kill_and_rerun(folder: Path, seconds: float, number: signal.Signals, expected: _Undisturbed) -> tuple[Ended, str]:
    """Stop a run, run again, and tell what is wrong then, "" for nothing."""
    root = make_shot(folder / "cut", 5, (0, 4))
    stopped = kill_at(seconds, number, "colorize", root, *_OPTIONS, printed=folder / "stopped")
    torn = list_torn(read_tree(root / "color"), expected.painted)
    again = run("colorize", root, *_OPTIONS, printed=folder / "again")
    changed = list_changes(read_tree(root / "color"), expected.painted)
    shutil.rmtree(root / "color")
    touched = list_changes(read_tree(root), expected.drawn)
    fine = again.code == 0 and not (torn or changed or touched) and stopped_well(stopped, number)
    told = f"{number.name} after {seconds:.3f} s: {torn=} {changed=} {touched=}\n{stopped}\n{again}"
    return stopped, "" if fine else told


def test_a_kill_at_any_of_many_random_moments(
    tmp_path: Path, undisturbed: _Undisturbed, campaign: Callable[[int, int], int]
) -> None:
    kills = campaign(8, 50)
    moments = draw_moments(kills, 1.1 * undisturbed.seconds, seed=6)

    def attempt(i: int) -> tuple[Ended, str]:
        return kill_and_rerun(tmp_path / str(i), moments[i], _SIGNALS[i % len(_SIGNALS)], undisturbed)

    with ThreadPoolExecutor(2) as pool:
        attempts = list(pool.map(attempt, range(kills)))
    assert [told for _, told in attempts if told] == []
    assert sum(stopped.code != 0 for stopped, _ in attempts) > kills / 2, "too few runs were stopped before their end"


@pytest.fixture(scope="module")
def painted_by_shell(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], float]:
    """What the true command line paints, and how long it takes."""
    root = make_shot(tmp_path_factory.mktemp("shell") / "cut", 3, (0, 2))
    begin = time.monotonic()
    subprocess.run([*_COMMAND, str(root)], check=True, capture_output=True)
    return read_tree(root / "color"), time.monotonic() - begin


@pytest.mark.parametrize(("share", "number"), [(0.6, signal.SIGTERM), (0.8, signal.SIGKILL)])
def test_a_kill_of_the_command_as_a_shell_runs_it(
    tmp_path: Path, painted_by_shell: tuple[dict[str, object], float], share: float, number: int
) -> None:
    expected, seconds = painted_by_shell
    root = make_shot(tmp_path / "cut", 3, (0, 2))
    with subprocess.Popen([*_COMMAND, str(root)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        time.sleep(share * seconds)
        process.send_signal(number)
    assert process.returncode in (0, 130, -number)
    assert list_torn(read_tree(root / "color"), expected) == []
    subprocess.run([*_COMMAND, str(root)], check=True, capture_output=True)
    assert list_changes(read_tree(root / "color"), expected) == []
