"""Warnings of a run about keys and old frames, and the use of one fit for a second output folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cut_folders import make_cut
from drawings import COAT, SCARF, draw, make_shot
from painting import FIT, paint

from framecolor.keys.finetuning import cache as finetune_cache
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.region_colors import region_colors
from framecolor.lineart.regions import find_regions
from framecolor.media import read_image, write_image

pytestmark = pytest.mark.usefixtures("quick_engine")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_shot(tmp_path / "cut")


def split_coat(painted: np.ndarray, share: float) -> np.ndarray:
    """A key whose coat is red in the lowest `share` of its rows, though no line is there."""
    out = painted.copy()
    coat = (out == COAT).all(axis=2)
    rows = np.flatnonzero(coat.any(axis=1))
    coat[: rows[-1] - round(share * len(rows)) + 1] = False
    out[coat] = SCARF
    return out


@pytest.mark.parametrize("share, mixed", [(0.0, 0), (0.02, 0), (0.4, 1)])
def test_regions_of_two_colors_are_counted(share: float, mixed: int) -> None:
    line, painted = draw(0)
    frame = read_drawing(1, line)
    regions = find_regions(frame, gap_px=2.0, min_region_px=4)
    found = region_colors(split_coat(painted, share), frame, regions)
    assert found.mixed.sum() == mixed
    assert (found.rivals <= found.votes).all()


def test_scattered_levels_are_no_second_color() -> None:
    line, painted = draw(0)
    frame = read_drawing(1, line)
    regions = find_regions(frame, gap_px=2.0, min_region_px=4)
    noisy = painted.copy()
    noisy[::2, :, :3] = np.clip(noisy[::2, :, :3].astype(int) + 6, 0, 255)
    assert not region_colors(noisy, frame, regions).mixed.any()


def test_a_key_with_two_colors_between_lines_is_named(root: Path) -> None:
    key = root / "keys/cut.1007.png"
    write_image(key, split_coat(read_image(key), 0.4))
    (warning,) = paint(root).warnings
    assert warning.startswith("key 1007: 1 region holds more than one color without a line between them at x ")


def test_cels_with_opaque_keys_give_a_warning(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-005")
    for key in (cut / "Keys/A").iterdir():
        painted = read_image(key)
        painted[..., 3] = 255
        write_image(key, painted)
    cel = cut / "Line/A"
    assert any("--background transparent" in warning for warning in paint(cel).warnings)
    assert not any("opaque" in warning for warning in paint(cel, background="transparent").warnings)


def test_frames_of_an_earlier_format_are_named(root: Path) -> None:
    paint(root)
    (warning,) = paint(root, format="tga").warnings
    assert "another format" in warning and "cut.1001.png and 6 more" in warning
    assert paint(root, format="tga").warnings == ()


def test_a_fit_serves_other_folders_too(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paint(root, fit=FIT, overwrite=True)
    monkeypatch.setattr(finetune_cache, "_run", lambda *_: pytest.fail("fitted again"))
    paint(root, tmp_path / "out", fit=FIT)
    (fit,) = (root / "color/.framecolor").glob("fit-*")
    assert (tmp_path / "out/.framecolor" / fit.name).read_bytes() == fit.read_bytes()
