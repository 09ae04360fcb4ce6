"""The corrections.json of a browser is found wherever the command runs, and only that of the shot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from drawings import make_shot

from framecolor import ReadError, Shot
from framecolor.shot.corrections import Correction, write_corrections
from framecolor.shot.downloads import locate_corrections

NAME = Path("corrections.json")


def save(path: Path, shot: str = "cut", age: int = 0) -> Path:
    path.parent.mkdir(exist_ok=True)
    write_corrections(path, shot, [Correction(1002, 1, 1, (1, 2, 3, 255))])
    os.utime(path, ns=(10**18 - age, 10**18 - age))
    return path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shot; downloads are in tmp_path/downloads, and the working folder is another one."""
    monkeypatch.setattr("platformdirs.user_downloads_path", lambda: tmp_path / "downloads")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return make_shot(tmp_path / "show" / "cut")


def test_the_newest_file_of_the_shot_is_found_and_named(root: Path, tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    assert locate_corrections(NAME, root, "cut") == (NAME, []), "no folder of downloads, no file"
    save(downloads / "corrections.json", age=3)
    newest = save(downloads / "corrections (1).json", age=1)
    save(downloads / "corrections (2).json", "other")
    (downloads / "corrections (3).json").write_text("[")
    found, (warning,) = locate_corrections(NAME, root, "cut")
    assert found == newest and str(newest) in warning
    beside = save(root.parent / "corrections.json")
    assert locate_corrections(NAME, root, "cut")[0] == beside
    shot = Shot.open(root, corrections=NAME)
    assert len(shot.corrections) == 1 and any(str(beside) in text for text in shot.warnings)


def test_a_file_that_is_there_is_taken_and_a_newer_one_named(root: Path, tmp_path: Path) -> None:
    here = save(tmp_path / "here" / "corrections.json", age=5)
    assert locate_corrections(NAME, root, "cut") == (NAME, [])
    save(tmp_path / "downloads" / "corrections.json", age=9)
    assert locate_corrections(NAME, root, "cut") == (NAME, [])
    newer = save(tmp_path / "downloads" / "corrections (1).json")
    found, (warning,) = locate_corrections(NAME, root, "cut")
    assert found == NAME and str(newer) in warning
    assert locate_corrections(here, root, "cut") == (here, []), "a path is taken as it is"


def test_a_file_of_no_shot_is_an_error_as_before(root: Path, tmp_path: Path) -> None:
    save(tmp_path / "downloads" / "corrections.json", "other")
    with pytest.raises(ReadError, match=r"corrections\.json: there is no such file"):
        Shot.open(root, corrections="corrections.json")
    missing = root / "gone" / "corrections.json"
    assert locate_corrections(missing, root, "cut") == (missing, [])
