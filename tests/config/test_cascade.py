"""Settings of studio, show, shot and command line: which level counts, and the source of each value."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from framecolor import ReadError, Settings, SettingsError
from framecolor.config.cascade import CONFIG_VARIABLE, LayeredSettings, Source, read_levels
from framecolor.config.settings_file import SETTINGS_FILE


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty shot folder, show/reel/sh010, and a machine without settings of its own."""
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "site"))
    folder = tmp_path / "show/reel/sh010"
    folder.mkdir(parents=True)
    return folder


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / SETTINGS_FILE
    file.write_text(text)
    return file


def test_without_any_file_all_are_defaults(shot: Path) -> None:
    found = read_levels(shot, {"seed": None})
    assert found.settings == Settings()
    assert {str(source) for source in found.sources.values()} == {"default"}
    assert {place.state for place in found.places} == {"absent"}
    assert found.places[-1].path == shot / SETTINGS_FILE


def test_nearer_places_win_and_are_named(shot: Path, tmp_path: Path) -> None:
    """Each level has one setting that no stronger level sets."""
    names = ("mode", "line", "background", "fit", "gap_px", "min_region_px")
    values = ['"painted"', '"none"', '"paper"', '"off"', "9", "9"]
    folders = ("site/framecolor", "home/framecolor", "show", "show/reel", "show/reel/sh010")
    files = [
        write(tmp_path / folder, "\n".join(f"{n} = {v}" for n, v in zip(names[place:], values[place:], strict=True)))
        for place, folder in enumerate(folders)
    ]
    write(tmp_path / "show/reel/sh020", "seed = 7")
    found = read_levels(shot, {"min_region_px": 2, "seed": None})
    assert found.settings == Settings(
        mode="painted", line="none", background="paper", fit="off", gap_px=9, min_region_px=2
    )
    assert [found.sources[name] for name in names[:5]] == [
        Source("studio", files[0]), Source("user", files[1]), Source("show", files[2]), Source("show", files[3]),
        Source("shot", files[4]),
    ]  # fmt: skip
    assert found.sources["min_region_px"] == Source("option")
    assert found.sources["seed"] == Source("default")
    assert [place.path for place in found.places if place.state == "read"] == files


def test_a_variable_names_the_studios_file(shot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "home/framecolor", "seed = 1\ngap_px = 1")
    other = tmp_path / "studio/settings.toml"
    other.parent.mkdir()
    other.write_text('seed = 2\npalette = "film.gpl"')
    monkeypatch.setenv(CONFIG_VARIABLE, str(other))
    found = read_levels(shot, {})
    assert found.settings == Settings(seed=2, palette=str(tmp_path / "studio/film.gpl"))
    assert found.sources["seed"] == Source("studio", other)
    assert [place.level for place in found.places].count("user") == 0

    monkeypatch.setenv(CONFIG_VARIABLE, str(tmp_path / "gone.toml"))
    with pytest.raises(SettingsError, match=r"gone.toml") as caught:
        read_levels(shot, {})
    assert caught.value.subject == CONFIG_VARIABLE


def test_files_are_looked_for_beside_the_file_that_names_them(shot: Path, tmp_path: Path) -> None:
    write(shot.parent, 'palette = "palettes/reel.gpl"\nreference = "/art/ref.png"')
    write(shot, 'model = "own.safetensors"')
    settings = read_levels(shot, {}).settings
    assert settings.palette == str(shot.parent / "palettes/reel.gpl")
    assert settings.reference == "/art/ref.png"
    assert settings.model == "own.safetensors", "a moved shot keeps its settings"
    assert read_levels(shot, {"palette": "x.gpl"}).settings.palette == str(Path.cwd() / "x.gpl")


def test_files_that_were_named_on_windows_are_found_on_other_systems(shot: Path, tmp_path: Path) -> None:
    write(tmp_path / "show", r"reference = 'art\ref.png'")
    write(shot, r"palette = '..\palettes\reel.gpl'")
    settings = read_levels(shot, {}).settings
    assert settings.palette == "../palettes/reel.gpl"
    assert settings.reference == str(tmp_path / "show/art/ref.png")
    job = write(tmp_path / "job", r"model = 'weights\own.safetensors'")
    assert read_levels(shot, {}, job).settings.model == "weights/own.safetensors"
    given = read_levels(shot, {"palette": r"a\b.gpl"}).settings.palette
    assert given == str(Path.cwd() / r"a\b.gpl"), "options use this system's paths"


def test_a_shot_has_one_set_of_settings_however_it_is_named(
    shot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "show", "seed = 5")
    link = tmp_path / "elsewhere/link"
    link.parent.mkdir()
    link.symlink_to(shot)
    write(link.parent, "seed = 6")
    monkeypatch.chdir(link)
    (shot / "line").mkdir()
    for name in (shot, link, Path(), Path("line/..")):
        assert read_levels(name, {}).settings.seed == 5


def test_loops_of_links(shot: Path, tmp_path: Path) -> None:
    (shot / SETTINGS_FILE).symlink_to(SETTINGS_FILE)
    with pytest.raises(ReadError, match="cannot be read"):
        read_levels(shot, {})
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    with pytest.raises(ReadError, match="cannot be read"):  # of a shot that cannot be opened either
        read_levels(loop / "shot", {})


@pytest.mark.parametrize("level", ["home/framecolor", "show", "show/reel/sh010"])
def test_a_broken_file_of_any_level_is_named_with_its_line(shot: Path, tmp_path: Path, level: str) -> None:
    file = write(tmp_path / level, "seed = 1\nbakground = 'paper'\n")
    with pytest.raises(SettingsError) as caught:
        read_levels(shot, {})
    assert str(caught.value) == f"{file}:2: there is no setting 'bakground'; did you mean background?"


def test_options_that_are_wrong(shot: Path) -> None:
    with pytest.raises(SettingsError, match="options: gap_px cannot be 99"):
        read_levels(shot, {"gap_px": 99})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_entered_is_passed_over(shot: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "home/framecolor", "seed = 1")
    file.parent.chmod(0)
    try:
        found = read_levels(shot, {})
    finally:
        file.parent.chmod(0o700)
    assert found.settings == Settings()
    assert [place.path for place in found.places if place.state == "unreachable"] == [file]


def test_folders_that_refuse_are_passed_over(shot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As above, also for root: the error of a network disk."""
    write(shot, "seed = 1")
    plain = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        if path == shot.parent / SETTINGS_FILE:
            raise PermissionError(13, "Permission denied", str(path))
        return plain(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    found = read_levels(shot, {})
    assert found.settings.seed == 1
    assert [place.path for place in found.places if place.state == "unreachable"] == [shot.parent / SETTINGS_FILE]


def test_the_types_check_themselves(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a source of level shot cannot have the path None"):
        Source("shot")
    with pytest.raises(ValueError, match="a source of level option cannot"):
        Source("option", tmp_path)
    with pytest.raises(ValueError, match="must have every setting"):
        LayeredSettings(Settings(), {"seed": Source("default")}, ())
