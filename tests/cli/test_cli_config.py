"""framecolor config: it shows the settings that colorize uses, and the draft file holds the defaults."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner
from drawings import make_shot

from framecolor import Settings, cli
from framecolor.config.cascade import CONFIG_VARIABLE
from framecolor.config.settings import SETTINGS
from framecolor.config.settings_file import draft_file, read_table


def invoke(*arguments: str | Path):
    return CliRunner().invoke(cli.framecolor, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A show folder with settings, a shot with its own below it, and a studio's file."""
    studio = tmp_path / "studio.toml"
    studio.write_text('engine = "cpu"\n')
    monkeypatch.setenv(CONFIG_VARIABLE, str(studio))
    folder = tmp_path / "show"
    (folder / "sh010").mkdir(parents=True)
    (folder / "framecolor.toml").write_text('palette = "film.gpl"\nseed = 3\n')
    (folder / "sh010/framecolor.toml").write_text("seed = 4\n")
    return folder


def test_show_says_where_each_value_came_from(show: Path) -> None:
    result = invoke("config", "show", show / "sh010", "--gap", 3)
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split()[1:] for line in result.output.split("\n\n")[0].splitlines()}
    assert list(rows) == ["setting", *SETTINGS]
    assert rows["engine"] == ["cpu", str(show.parent / "studio.toml")]
    assert rows["palette"] == [str(show / "film.gpl"), str(show / "framecolor.toml")]
    assert rows["seed"] == ["4", str(show / "sh010/framecolor.toml")]
    assert rows["gap_px"] == ["3.0", "option"]
    assert rows["reference"] == ["none", "default"]
    files = result.output.split("\n\n")[1].splitlines()[1:]
    assert files[0].split() == ["studio", "read", str(show.parent / "studio.toml")]
    assert files[-2].split() == ["show", "read", str(show / "framecolor.toml")]
    assert files[-1].split() == ["shot", "read", str(show / "sh010/framecolor.toml")]
    assert "not found" in files[1]


def test_show_as_json(show: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(show)  # where one is, when no shot is named
    table = json.loads(invoke("config", "show", "--json", "--fit", "off").stdout)
    settings = table["settings"]
    assert settings["seed"] == {"value": 3, "level": "shot", "file": str(show / "framecolor.toml")}
    assert settings["fit"] == {"value": "off", "level": "option", "file": None}
    assert settings["mode"] == {"value": "flat", "level": "default", "file": None}
    assert {file["state"] for file in table["files"]} == {"read", "absent"}
    assert table["files"][-1] == {"level": "shot", "file": str(show / "framecolor.toml"), "state": "read"}


@pytest.mark.usefixtures("quick_engine")
def test_colorize_uses_the_settings_that_are_shown(show: Path) -> None:
    root = make_shot(show / "cut", 2, (0,))
    (show / "framecolor.toml").write_text('line = "none"\nfit = 0\nseed = 3\n')
    (root / "framecolor.toml").write_text("seed = 4\n")
    options = ("--background", "paper")
    shown = json.loads(invoke("config", "show", root, *options, "--json").stdout)["settings"]
    assert invoke("colorize", root, *options).exit_code == 0
    painted = json.loads((root / "color/framecolor.json").read_text())["settings"]
    assert painted == {name: shown[name]["value"] for name in painted}
    assert (painted["line"], painted["engine"], painted["seed"], painted["background"]) == ("none", "cpu", 4, "paper")


def test_a_pattern_and_a_movie_belong_to_their_folder(show: Path) -> None:
    (show / "sh010/cut.mov").touch()
    for name in ("sh010/cut.####.png", "sh010/cut.mov"):
        table = json.loads(invoke("config", "show", show / name, "--json").stdout)
        assert table["settings"]["seed"]["value"] == 4


def test_errors_are_one_line_and_exit_code_2(show: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (show / "framecolor.toml").write_text("\ngap_pix = 3\n")
    for arguments, words in (
        (["config", "show", str(show / "sh010")], f"{show}/framecolor.toml:2: there is no setting 'gap_pix'"),
        (["config", "show", str(show / "none/sh010")], f"error: {show}/none/sh010: "),
        (["config", "show", str(show / "none")], f"error: {show}/none: "),
        (["config", "init", "-o", str(show)], f"error: {show}/framecolor.toml: "),
    ):
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        assert caught.value.code == 2
        err = capsys.readouterr().err
        assert words in err and err.count("\n") == 1


def test_the_draft_has_every_setting_and_changes_none(tmp_path: Path) -> None:
    file = tmp_path / "framecolor.toml"
    assert invoke("config", "init", "-o", tmp_path).exit_code == 0
    assert file.read_text() == draft_file() == invoke("config", "init").output
    assert read_table(file) == {}
    lines = [line.removeprefix("#") for line in draft_file().splitlines() if line.startswith("#") and line[1] != " "]
    written = tomllib.loads("\n".join(lines))
    assert written == {name: "..." if value is None else value for name, value in asdict(Settings()).items()}
    assert max(map(len, draft_file().splitlines())) <= 120
