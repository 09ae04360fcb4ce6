"""Settings: defaults, checks, and what is derived from their fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from framecolor import Settings, SettingsError
from framecolor.config.settings import SETTINGS


def test_defaults_hold() -> None:
    settings = Settings()
    assert (settings.mode, settings.line, settings.fit, settings.background) == ("flat", "color", "off", "keys")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("mode", ("flat", "painted")),
        ("engine", ("auto", "tensorrt", "cuda", "cpu")),
        ("lanes", (1, 16, "auto")),
        ("gap_px", (0, 2.5, 64)),
        ("min_region_px", (1, 100)),
        ("line", ("color", "over", "none", "layer")),
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


def test_every_setting_is_described() -> None:
    assert all(len(stated.help.split()) > 3 for stated in SETTINGS.values())
    assert "\n" not in "".join(stated.help + stated.wanted for stated in SETTINGS.values())


def test_files_and_recorded_settings() -> None:
    settings = Settings(palette="film.gpl", model="own.safetensors", threads=2)
    assert settings.list_files() == {"palette": "film.gpl", "model": "own.safetensors"}
    assert settings.list_files("keys") == {"palette": "film.gpl"}
    assert {*SETTINGS} - {*settings.list_deciding()} == {"lanes", "threads", "overwrite"}


def test_a_hash_includes_settings_that_are_not_at_their_default() -> None:
    assert Settings().list_changed("frames", ()) == []
    settings = Settings(mode="painted", format="exr", seed=3, palette="film.gpl", threads=2)
    assert settings.list_changed("frames", ()) == ["mode painted", "format exr"]
    assert settings.list_changed("frames", ("mode",)) == ["format exr"]
    assert settings.list_changed("fit", ("mode",)) == ["seed 3"]
    assert settings.list_changed("keys", ()) == []


@pytest.mark.parametrize("text", ["red=ink, red=shadow", "pink=shadow", "red=line", "red=", "", "auto, red=ink"])
def test_a_wrong_map_of_trace_lines_is_answered_by_all_hues_and_meanings(text: str) -> None:
    with pytest.raises(
        SettingsError, match="each hue once, with highlight, shadow, second shadow, trace or ink"
    ) as found:
        Settings(trace=text)
    assert "yellow-green" in str(found.value) and "\n" not in str(found.value)
