"""Engine profiles: those that ship, and what a wrong one says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from framecolor import EngineError, SettingsError
from framecolor.engines.tensorrt.profiles import find_profile, list_profiles, read_profile
from framecolor.networks.export import FORMS


def test_shipped_profiles_are_what_the_pipeline_needs() -> None:
    shipped = {profile.name: profile for profile in list_profiles()}
    assert shipped.keys() == set(FORMS)
    most = shipped["features"].at("most")
    # A view has about 82,000 pixels, landscape or portrait, up to three times as long as it is wide and more.
    assert most["height"] == most["width"] >= 3 * (82_000 / 3) ** 0.5


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('network = "features"\nrefits = true', "no key 'refits'; did you mean refit"),
        ('network = "feature"', "network cannot be 'feature'; give one of features, color"),
        ("refit = true", "names no network"),
        ('network = "describe"\nsizes = {regions = [9, 4, 10]}', r"sizes.regions cannot be \(9, 4, 10\)"),
        ('network = "describe"\nsizes = {regions = true}', "sizes.regions cannot be True"),
        ('network = "features"\nsizes = {batch = 1, height = 100, width = 64}', "multiples of 16"),
        ('network = "features"\nsizes = {batch = 1}', "give each of batch, height, width"),
        ("network = ", "not valid TOML"),
    ],
)
def test_an_invalid_profile_is_an_error(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=problem):
        read_profile(path)


def test_a_profile_is_found_by_name_or_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('network = "describe"\n[sizes]\nregions = [1, 4, 9]\n')
    assert find_profile(str(path)).sizes == {"regions": (1, 4, 9)}
    assert find_profile("color").network == "color"
    with pytest.raises(EngineError, match="did you mean features"):
        find_profile("feature")


def test_profiles_are_installed_with_the_package() -> None:
    root = Path(__file__).parents[2]
    files = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["data-files"]
    found = {path.stem for pattern in files["share/framecolor/engines"] for path in root.glob(pattern)}
    assert found == {profile.name for profile in list_profiles()}
