"""References: their regions, colors and scale, and how their colors join a shot's palette."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawings import COAT, PALETTE, PAPER, SCARF, SIZE, SKIN, draw
from numpy.typing import NDArray

from framecolor import Settings
from framecolor.core.compositing import lay_over_color
from framecolor.core.types import Palette
from framecolor.keys.key_drawing import KeyDrawing, make_key_drawing
from framecolor.keys.keyframes import Keyframes, build_keyframes
from framecolor.keys.references.drawing import ReferenceDrawing, make_reference, make_references

Pixels = NDArray[np.uint8]
WHITE = (255, 255, 255, 255)


def key_drawing(number: int = 1) -> KeyDrawing:
    line, painted = draw(number)
    return make_key_drawing(number, line, painted, Settings())


def reference(painted: Pixels, line: Pixels | None = None, position: int = 0) -> ReferenceDrawing:
    return make_reference(position, painted, line, Settings())


def recolored(painted: Pixels, old: tuple[int, ...], new: tuple[int, ...]) -> Pixels:
    painted = painted.copy()
    painted[(painted == old).all(axis=2)] = new
    return painted


def on_white(painted: Pixels) -> Pixels:
    return np.dstack([lay_over_color(painted), np.full(painted.shape[:2], 255, np.uint8)])


def build(*references: ReferenceDrawing, keys: bool = True) -> Keyframes:
    key = key_drawing()
    return build_keyframes({1: key} if keys else {}, Settings(), Path(), references=references, samples=[key])


def colors_of(keyframes: Keyframes, which: int = 0) -> set[tuple[int, ...]]:
    """The colors of a reference's regions, as a drawing would get them."""
    return {tuple(c) for c in keyframes.palette.colors[keyframes.references[which][1][1:]].tolist()}


@pytest.mark.parametrize("has_line", [True, False])
def test_a_reference_has_the_colors_of_its_painting(has_line: bool) -> None:
    line, painted = draw(4)
    found = reference(painted, line if has_line else None)
    assert {tuple(color) for color in found.colors.color[1:].tolist()} == PALETTE
    assert found.paper.sum() == 1 and found.is_exact


def test_its_figure_has_the_usual_size_whatever_its_resolution() -> None:
    _, painted = draw(4)
    large, small = (
        np.asarray(cv2.resize(painted, None, fx=n, fy=n, interpolation=cv2.INTER_NEAREST), np.uint8) for n in (24, 12)
    )
    assert reference(large).scale == pytest.approx(reference(small).scale / 2, rel=0.05)


def test_antialiased_and_compressed_paintings_give_flat_colors() -> None:
    line, big = (
        np.asarray(cv2.resize(one, None, fx=4, fy=4, interpolation=how), np.uint8)
        for one, how in zip(draw(4), (cv2.INTER_NEAREST, cv2.INTER_LINEAR), strict=True)
    )
    _, data = cv2.imencode(".jpg", on_white(big)[..., [2, 1, 0]], [cv2.IMWRITE_JPEG_QUALITY, 92])
    lossy = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
    found = reference(np.ascontiguousarray(np.dstack([lossy, np.full(lossy.shape[:2], 255, np.uint8)])), line)
    assert not found.is_exact
    keyframes = build(found)
    # Noise of the compression is not a color: what is near a key's color counts as that.
    assert {tuple(color) for color in keyframes.palette.colors.tolist()} == PALETTE
    assert colors_of(keyframes) == PALETTE


def test_each_figure_of_a_design_sheet_is_compared_by_itself() -> None:
    line, painted = draw(4)
    chip = np.full_like(painted, PAPER)
    chip[40:50, 60:70] = (20, 160, 60, 255)
    lines, sheet = np.hstack([line, line, np.zeros_like(line)]), np.hstack([painted, painted, chip])
    alone = reference(painted, line)
    for own_line in (lines, None):
        figures = make_references(3, sheet, own_line, Settings())
        assert [figure.position for figure in figures] == [3, 3]
        assert [figure.drawing.count for figure in figures] == [alone.drawing.count] * 2
        assert all(figure.scale >= alone.scale for figure in figures)
    assert len(make_references(0, painted, line, Settings())) == 1


@pytest.mark.parametrize("kind", ["gradient", "empty", "paper"])
def test_pictures_that_are_no_flat_painting_are_refused(kind: str) -> None:
    painted = np.full((*SIZE, 4), WHITE, np.uint8)
    if kind == "gradient":
        painted[..., :3] = np.random.default_rng(0).integers(0, 255, (*SIZE, 3)).astype(np.uint8)
    elif kind == "empty":
        painted[:] = 0
    with pytest.raises(ValueError, match=r"flat color|no painted figure"):
        reference(painted)


def test_near_colors_become_those_of_the_keys_and_others_are_appended() -> None:
    line, painted = draw(4)
    near, new = (SKIN[0] - 3, SKIN[1] + 2, SKIN[2], 255), (20, 200, 90, 255)
    other = recolored(recolored(painted, SKIN, near), SCARF, new)
    alone, keyframes = build(), build(reference(other, line))
    assert keyframes.palette.colors[: len(alone.palette)].tolist() == alone.palette.colors.tolist()
    assert [tuple(c) for c in keyframes.palette.colors[len(alone.palette) :].tolist()] == [new]
    assert colors_of(keyframes) == {SKIN, new, COAT, PAPER}
    np.testing.assert_array_equal(keyframes.index[1], alone.index[1])
    assert (keyframes.scale, keyframes.compared) == (alone.scale, (0,))


def test_the_paper_of_a_reference_is_that_of_the_keys() -> None:
    line, painted = draw(4)
    keyframes = build(reference(on_white(painted), line))
    assert colors_of(keyframes) == PALETTE and len(keyframes.palette) == len(PALETTE)
    gray = on_white(painted)
    gray[(painted[..., 3] == 0)] = (128, 128, 128, 255)
    assert colors_of(build(reference(gray, line))) == PALETTE


def test_a_shot_without_keys_has_the_colors_of_its_references() -> None:
    line, painted = draw(4)
    near = (SKIN[0] - 3, SKIN[1] + 2, SKIN[2], 255)
    two = reference(recolored(painted, SKIN, near), line, position=1)
    keyframes = build(reference(painted, line), two, keys=False)
    # Exact colors of two paintings may be near each other on purpose.
    assert {tuple(color) for color in keyframes.palette.colors.tolist()} == {*PALETTE, near}
    assert keyframes.whole == frozenset() and keyframes.poses == 2 and keyframes.scale == build().scale
    opaque = build(reference(on_white(painted), line), keys=False)
    assert WHITE in {tuple(color) for color in opaque.palette.colors.tolist()}


def test_palettes_limit_the_colors_of_references_as_those_of_keys(tmp_path_factory: pytest.TempPathFactory) -> None:
    from framecolor.media import write_palette

    folder = tmp_path_factory.mktemp("palette")
    write_palette(folder / "show.gpl", Palette(np.array([SKIN, COAT, SCARF], np.uint8)))
    line, painted = draw(4)
    other = reference(recolored(painted, SCARF, (180, 60, 60, 255)), line)
    keyframes = build_keyframes({1: key_drawing()}, Settings(palette="show.gpl"), folder, references=[other])
    assert colors_of(keyframes) == PALETTE
