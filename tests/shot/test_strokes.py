"""Loose strokes over a drawing: which regions each of them means."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from framecolor.core.types import Regions
from framecolor.shot.strokes import Strokes, read_strokes

RED, BLUE = (200, 40, 50), (60, 90, 160)
SIZE = (100, 120)


@pytest.fixture
def regions() -> Regions:
    """Four columns, 1 to 4, parted by lines of 2 px, and a speck of 4x4, 5, within the first one."""
    labels = np.zeros(SIZE, np.int32)
    for column in range(4):
        labels[:, 30 * column : 30 * column + 28] = column + 1
    labels[9:16, 9:16] = 0
    labels[11:14, 11:14] = 5
    return Regions(labels, 5)


def empty() -> NDArray[np.uint8]:
    return np.zeros((*SIZE, 4), np.uint8)


def dot(hint: NDArray[np.uint8], x: int, y: int, radius: int, color: tuple[int, ...]) -> None:
    cv2.circle(hint, (x, y), radius, (*color, 255), -1)


def meant(strokes: Strokes) -> dict[int, tuple[int, ...]]:
    return {int(r): tuple(strokes.color[r].tolist()) for r in np.flatnonzero(strokes.meant)}


@pytest.mark.parametrize(
    ("places", "width", "want"),
    [
        ([], 0, ()),
        ([(44, 50)], 11, (2,)),
        ([(12, 12)], 1, (5,)),
        # What spills over a line, here at 58 and 59, is tolerated.
        ([(52, 50)], 19, (2,)),
        ([(54, 50)], 19, (2,)),
        ([(56, 50)], 19, (2,)),
        # A stroke that was dragged over regions means each, but not the one that its end only just comes over.
        ([(8, 50), (80, 50)], 7, (1, 2, 3)),
        ([(8, 50), (33, 50)], 7, (1,)),
        # A dot larger than its region.
        ([(12, 12)], 11, (5,)),
    ],
)
def test_a_stroke_means(regions: Regions, places: list[tuple[int, int]], width: int, want: tuple[int, ...]) -> None:
    hint = empty()
    if places:
        cv2.line(hint, places[0], places[-1], (*RED, 255), width)
    assert meant(read_strokes(hint, regions)) == dict.fromkeys(want, (*RED, 255))


def test_of_two_colors_the_one_that_covers_more_wins(regions: Regions) -> None:
    hint = empty()
    dot(hint, 44, 30, 4, BLUE)
    dot(hint, 44, 70, 8, RED)
    assert meant(read_strokes(hint, regions)) == {2: (*RED, 255)}
    dot(hint, 44, 30, 12, BLUE)
    assert meant(read_strokes(hint, regions)) == {2: (*BLUE, 255)}


def test_soft_brushes_give_the_exact_color_and_edges_label_nothing(regions: Regions) -> None:
    """Alpha that falls off, colors that scatter by a level or two, and edges blended towards black."""
    hint = empty()
    mask = np.zeros(SIZE, np.float32)
    cv2.circle(mask, (44, 50), 9, 1.0, -1)
    alpha = cv2.GaussianBlur(mask, (9, 9), 2.5)
    hint[..., :3], hint[..., 3] = RED, np.rint(255 * alpha)
    edge = (alpha > 0) & (alpha < 0.9)
    hint[edge, :3] = np.rint(np.array(RED) * alpha[edge][:, None])  # premultiplied, as some programs write it
    hint[48:52, 40:44, 0] += 2
    assert meant(read_strokes(hint, regions)) == {2: (*RED, 255)}


def test_where_strokes_meet_their_mixture_is_no_color(regions: Regions) -> None:
    hint = empty()
    hint[20:80, 2:14] = (*RED, 255)
    hint[20:80, 16:27] = (*BLUE, 255)
    hint[20:80, 14:16] = (130, 65, 105, 255)
    hint[20:80, 14:16, 3] = 255
    found = meant(read_strokes(hint, regions))
    assert found[1] in {(*RED, 255), (*BLUE, 255)} and (130, 65, 105, 255) not in found.values()


def test_a_thin_stroke_beside_another_is_one_of_its_own(regions: Regions) -> None:
    hint = empty()
    hint[20:80, 32:56] = (*BLUE, 255)
    hint[50:52, 50:110] = (*RED, 255)
    found = meant(read_strokes(hint, regions))
    assert found[2] == (*BLUE, 255) and found[3] == (*RED, 255)


def test_a_stroke_on_lines_only_is_missed(regions: Regions) -> None:
    hint = empty()
    hint[40:60, 58:60] = (*RED, 255)
    strokes = read_strokes(hint, regions)
    assert meant(strokes) == {}
    ((x, y),) = strokes.missed
    assert x in (58, 59) and 40 <= y < 60


def test_faint_paint_labels_nothing(regions: Regions) -> None:
    hint = empty()
    dot(hint, 44, 50, 8, RED)
    hint[..., 3] = hint[..., 3] // 3
    assert meant(read_strokes(hint, regions)) == {}


def test_a_drawing_without_regions() -> None:
    hint = empty()
    dot(hint, 44, 50, 8, RED)
    strokes = read_strokes(hint, Regions(np.zeros(SIZE, np.int32), 0))
    assert not strokes.meant.any() and len(strokes.missed) == 1


def test_another_size_is_refused(regions: Regions) -> None:
    with pytest.raises(ValueError, match="differ in size"):
        read_strokes(np.zeros((10, 10, 4), np.uint8), regions)
