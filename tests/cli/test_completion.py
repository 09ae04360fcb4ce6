"""framecolor completion: scripts that real shells accept, and completions without slow imports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from framecolor import cli
from framecolor.config.settings import ENGINE_NAMES, Mode

ROOT = Path(cli.__file__).parents[2]
BASH = shutil.which("bash")


def complete(*words: str, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Complete the last word as a shell does, and return the result."""
    ask = {
        "COMP_WORDS": " ".join(("framecolor", *words)),
        "COMP_CWORD": str(len(words)),
        "_FRAMECOLOR_COMPLETE": "bash_complete",
    }
    command = [sys.executable, *flags, "-m", "framecolor"]
    return subprocess.run(command, env={**os.environ, **ask}, cwd=ROOT, capture_output=True, text=True, check=True)


def offered(*words: str) -> list[str]:
    return [line.removeprefix("plain,") for line in complete(*words).stdout.splitlines()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts(shell: str) -> None:
    result = CliRunner().invoke(cli.framecolor, ["completion", shell])
    assert result.exit_code == 0, result.output
    assert f"_FRAMECOLOR_COMPLETE={shell}_complete" in result.output
    if (program := shutil.which(shell)) is not None:  # the shell itself finds no mistake in it
        subprocess.run([program, "-n"], input=result.output, text=True, check=True, capture_output=True)


def test_help_says_how_to_install_it() -> None:
    text = CliRunner().invoke(cli.framecolor, ["completion", "--help"]).output
    for place in ("~/.bashrc", "~/.zshrc", "~/.config/fish/completions/framecolor.fish"):
        assert place in text
    assert CliRunner().invoke(cli.framecolor, ["completion", "tcsh"]).exit_code == 2


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("framecolor col", ["colorize"]),
        ("framecolor colorize --engine ", [*ENGINE_NAMES]),
        ("framecolor colorize --mode f", ["flat"]),
        ("framecolor config ", ["init", "show"]),
    ],
)
def test_bash_completes(tmp_path: Path, line: str, wanted: list[str]) -> None:
    """Type the line and press Tab, with the script loaded."""
    assert BASH is not None
    shim = tmp_path / "framecolor"
    shim.write_text(f'#!{BASH}\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m framecolor "$@"\n')
    shim.chmod(0o755)
    words = line.split(" ")
    script = f"""
        eval "$(framecolor completion bash)"
        complete -p framecolor >/dev/null || exit 1
        COMP_WORDS=({" ".join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}
        _framecolor_completion framecolor
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run([BASH, "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.split() == wanted


def test_values_options_and_files() -> None:
    assert offered("") == sorted(cli._COMMANDS)
    assert offered("colorize", "--fit", "") == ["auto", "keep", "off"]
    assert offered("colorize", "--lanes", "") == ["auto"]
    assert {"--engine", "--palette", "--out"} <= {*offered("colorize", "-")}
    assert offered("evaluate", "--") != []
    assert offered("config", "show", "--mo") == ["--mode", "--model"]
    assert offered("config", "show", "--mode", "") == [*get_args(Mode)]
    for words in (("colorize", "cut"), ("plan", "cut"), ("colorize", "--palette", "cut")):
        assert offered(*words) == ["file,cut"], "the shell completes file names itself"


def test_a_completion_imports_nothing_heavy() -> None:
    for words in (("",), ("colorize", "--engine", "")):
        log = complete(*words, flags=("-X", "importtime")).stderr
        imported = {line.rpartition("|")[2].strip() for line in log.splitlines()}
        assert "click" in imported
        assert not imported.intersection(("numpy", "torch", "cv2", "av", "openvino"))
