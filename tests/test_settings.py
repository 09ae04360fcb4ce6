"""Settings: defaults, checks, and what a framecolor.toml may say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from framecolor.errors import ReadError, SettingsError
from framecolor.settings import Settings, read_settings


def test_defaults_hold() -> None:
    settings = Settings()
    assert (settings.mode, settings.line, settings.fit, settings.background) == ("flat", "over", "auto", "keys")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("mode", ("flat", "painted")),
        ("engine", ("auto", "tensorrt", "cuda", "cpu")),
        ("lanes", (1, 16, "auto")),
        ("gap_px", (0, 2.5, 64)),
        ("min_region_px", (1, 100)),
        ("line", ("over", "none", "layer")),
        ("background", ("keys", "transparent", "paper")),
        ("fit", (0, 300, "auto", "keep", "off")),
        ("seed", (0, 2**32 - 1)),
        ("palette", (None, "film.gpl")),
        ("overwrite", (True, False)),
    ],
)
def test_values_that_are_right(name: str, values: tuple[Any, ...]) -> None:
    for value in values:
        assert getattr(Settings(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("mode", ("Flat", "", None, 1, [], {})),
        ("engine", ("gpu", None)),
        ("lanes", (0, 17, 1.0, "2", True, None, "many")),
        ("gap_px", (-1, 65, "2", None, True, float("nan"), float("inf"), [2])),
        ("min_region_px", (0, "4", True, float("nan"))),
        ("line", ("under", True)),
        ("background", ("white", None)),
        ("fit", (-1, 100_001, 1.5, "lots", True, None, [1])),
        ("seed", (-1, 2**32, 1.0, "1", True)),
        ("palette", (3, Path("film.gpl"), ["film.gpl"])),
        ("overwrite", (1, "yes", None)),
    ],
)
def test_values_that_are_wrong(name: str, values: tuple[Any, ...]) -> None:
    for value in values:
        with pytest.raises(SettingsError) as caught:
            Settings(**{name: value})
        assert str(caught.value).startswith(f"{name}: cannot be {value!r}; give ")
        assert "\n" not in str(caught.value)


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(SettingsError, match=r"there is no setting 'bakground'; did you mean background\?"):
        Settings().updated({"bakground": "paper"})
    with pytest.raises(SettingsError, match="there is no setting 'zzz'; known settings are mode, engine,"):
        Settings().updated({"zzz": 1})


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    file = tmp_path / "framecolor.toml"
    file.write_text('gap_px = 4\nfit = "off"\n')
    assert read_settings(file, Settings(line="none")) == Settings(line="none", gap_px=4, fit="off")
    file.write_bytes(b"\xef\xbb\xbfseed = 3\r\n")  # as a Windows editor writes it
    assert read_settings(file) == Settings(seed=3)
    file.write_text("")
    assert read_settings(file) == Settings()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"gap_px = 99\n", "gap_px cannot be 99"),
        (b"[paint]\ngap_px = 2\n", "there is no setting 'paint'"),
        (b"gap_px = \n", "is not valid TOML"),
        (b"\xff\xfe", "is not valid TOML"),
    ],
)
def test_files_that_are_wrong_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "framecolor.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read_settings(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="cannot be read"):
        read_settings(tmp_path)
