"""The demo shot that ships: whole, as described, and safe to copy; the picture made of it."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pytest

from framecolor import OutputError, Shot
from framecolor.demo import copy_shot
from framecolor.demo.picture import choose_numbers, write_picture
from framecolor.media import read_image

HOLDS = ((1001, 1002), (1013, 1014), (1015, 1016), (1017, 1018), (1031, 1032))


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Shot:
    folder = tmp_path_factory.mktemp("demo")
    copy_shot(folder)
    return Shot.open(folder)


def test_the_shot_is_whole(shot: Shot) -> None:
    assert shot.numbers == tuple(range(1001, 1033))
    assert sorted(shot.keys) == [1001, 1013, 1029]
    assert {shot.read_line(number).shape for number in shot.numbers} == {(720, 1280, 4)}
    assert all(shot.line_hash(first) == shot.line_hash(second) for first, second in HOLDS)


def test_package_names_where_the_drawings_come_from_and_is_small() -> None:
    with as_file(files("framecolor.demo")) as folder:
        assert "licence" in (folder / "ATTRIBUTION.md").read_text("utf-8")
        assert sum(path.stat().st_size for path in (folder / "shot").rglob("*.png")) < 2_000_000


def test_copy_leaves_what_is_right_and_mends_what_is_not(tmp_path: Path) -> None:
    copy_shot(tmp_path)
    whole, broken = tmp_path / "line" / "fox.1001.png", tmp_path / "keys" / "fox.1001.png"
    stamp, data = whole.stat().st_mtime_ns, broken.read_bytes()
    broken.write_bytes(b"not a picture")
    copy_shot(tmp_path)
    assert whole.stat().st_mtime_ns == stamp
    assert broken.read_bytes() == data


def test_copy_refuses_a_folder_that_holds_another_shot(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "mine.0001.png").write_bytes(b"")
    with pytest.raises(OutputError, match=r"mine\.0001\.png.*choose another folder"):
        copy_shot(tmp_path)
    assert not (tmp_path / "line").exists()


def test_numbers_for_the_picture_are_keys_and_what_lies_between(shot: Shot) -> None:
    numbers = choose_numbers(shot, 6)
    assert len(numbers) == 6
    assert set(shot.keys) <= set(numbers)
    assert numbers == sorted(set(numbers))
    assert choose_numbers(shot, 99) == list(shot.numbers)


def test_picture_shows_drawings_and_paint(shot: Shot, tmp_path: Path) -> None:
    target = tmp_path / "demo.png"
    write_picture(target, shot, shot.root / "keys", sorted(shot.keys), width_px=900)
    picture = read_image(target)
    assert picture.shape[1] == 900
    assert (picture[..., 3] == 255).all()
    coat = (np.abs(picture[..., :3].astype(int) - (74, 100, 168)).max(2) <= 2).any(1)
    assert coat.any()
    assert not coat[: len(coat) // 2].any(), "drawings stand above the paint"
