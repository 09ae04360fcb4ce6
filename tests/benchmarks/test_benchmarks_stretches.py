"""Corrections that are followed through a painted clip, and what becomes of the regions that they reach."""

from __future__ import annotations

from pathlib import Path

from drawings import make_shot

from framecolor import Settings
from framecolor.media import read_image, write_image


def test_a_spoiled_region_is_mended_in_the_frames_beside_it(tmp_path: Path, quick_engine: None) -> None:
    from chained import paint_clip
    from clips import Clip
    from stretches import Followed, measure_stretches

    folder = make_shot(tmp_path / "walker", frames=5, keys=(0, 1, 2, 3, 4), name="{:04d}.png")
    (folder / "keys").rename(folder / "color")
    settings = Settings(fit="off", overwrite=True)
    painting = paint_clip(Clip.open(folder), tmp_path / "shot", tmp_path / "out", [1001], settings)
    assert measure_stretches(painting) == Followed()
    # One drawing is painted wrong after the fact: its regions are right in the drawings beside it.
    path = painting.out / "1003.png"
    spoiled = read_image(path)
    spoiled[..., :3] = 255 - spoiled[..., :3]
    write_image(path, spoiled)
    found = measure_stretches(painting)
    assert found.wrong > 2 and found.followed > found.wrong, "to drawings on both sides"
    assert (found.right, found.mended, found.spoiled) == (found.followed, 0, 0)
    # The drawing after it as well: half of what is followed was wrong before.
    write_image(painting.out / "1004.png", spoiled)
    assert measure_stretches(painting).mended > 0
