"""The setup of .venv: it is made once, on every system, and a failure keeps its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module, in a checkout with only a pyproject.toml, where a new .venv contains only its Python."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import environment

    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "_WINDOWS", False)
    return environment


class Calls:
    """Records the programs that are run; one with the word `fails` in its command fails."""

    def __init__(self, environment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environment, self.words, self.fails = environment, list[list[str]](), ""
        monkeypatch.setattr(environment.subprocess, "call", self)

    def __call__(self, command: tuple[str, ...], cwd: Path) -> int:
        self.words.append(list(command))
        assert cwd == self.environment.ROOT
        if "venv" in command:
            for name in ("bin/python", "Scripts/python.exe"):
                (cwd / ".venv" / name).parent.mkdir(parents=True)
                (cwd / ".venv" / name).touch()
        return 3 if self.fails and self.fails in command else 0


@pytest.fixture
def calls(environment: Any, monkeypatch: pytest.MonkeyPatch) -> Calls:
    return Calls(environment, monkeypatch)


@pytest.mark.parametrize(("windows", "place"), [(False, "bin/python"), (True, "Scripts/python.exe")])
def test_it_is_made_once_and_torch_comes_first(
    environment: Any, calls: Calls, monkeypatch: pytest.MonkeyPatch, windows: bool, place: str
) -> None:
    monkeypatch.setattr(environment, "_WINDOWS", windows)
    python = environment.ROOT / ".venv" / place
    assert environment.prepare_environment() == python
    assert calls.words[0] == [sys.executable, "-m", "venv", str(environment.ROOT / ".venv")]
    assert [(words[0], words[-1]) for words in calls.words[1:]] == [(str(python), "torch==2.13.0"), (str(python), ".")]
    environment.prepare_environment()
    assert len(calls.words) == 3, "a second run does nothing"
    environment.prepare_environment("test")
    assert [words[-1] for words in calls.words[3:]] == ["torch==2.13.0", ".[test]"], "an extra goes into the same one"
    (environment.ROOT / "pyproject.toml").write_text("[project]\nname = 'new'\n", encoding="utf-8")
    environment.prepare_environment()
    assert len(calls.words) == 7, "requirements have changed"


@pytest.mark.parametrize("fails", ["venv", "torch==2.13.0", "."])
def test_a_failure_keeps_its_code_and_is_tried_again(environment: Any, calls: Calls, fails: str) -> None:
    calls.fails = fails
    with pytest.raises(SystemExit) as ended:
        environment.prepare_environment()
    assert ended.value.code == 3
    assert not list(environment.ROOT.glob(".venv/.installed-*"))


def test_an_old_python_asks_for_a_newer_one(
    environment: Any, calls: Calls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environment.sys, "version_info", (3, 9, 6))
    with pytest.raises(SystemExit) as ended:
        environment.prepare_environment()
    error = capsys.readouterr().err
    assert (ended.value.code, calls.words, error.count("\n")) == (2, [], 1)
    assert error.startswith("error: ") and "3.9" in error and "3.11" in error


def test_a_program_takes_the_place_of_the_script(environment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(environment.ROOT)
    taken: list[object] = []
    monkeypatch.setattr(environment.os, "execv", lambda *command: taken.append(command) or exit())
    with pytest.raises(SystemExit):
        environment.become("python", "-m", "framecolor")
    assert taken == [("python", ("python", "-m", "framecolor"))]


def test_on_windows_ctrl_c_is_left_to_the_program(environment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(environment.ROOT)
    monkeypatch.setattr(environment, "_WINDOWS", True)
    waits = iter([KeyboardInterrupt, KeyboardInterrupt])
    wait = subprocess.Popen.wait

    def interrupted(self: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        for error in waits:
            raise error
        return wait(self, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(SystemExit) as ended:
        environment.become(sys.executable, "-c", "raise SystemExit(7)")
    assert ended.value.code == 7


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("script", ["demo", "test", "check"])
def test_the_shell_names_a_missing_python(tmp_path: Path, script: str) -> None:
    (tmp_path / "scripts").mkdir()
    for name in ("with_python", script):
        (tmp_path / "scripts" / name).symlink_to(SCRIPTS / name)
    variables = {**os.environ, "PYTHON": "/nowhere/python"}
    done = subprocess.run([tmp_path / "scripts" / script], env=variables, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: no Python 3.11 or newer")
