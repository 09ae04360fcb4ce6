"""Values that flow between the stages: boxes, masks and measures of drawings and regions."""

from __future__ import annotations

import numpy as np
import pytest

from framecolor.core.types import Box, Frame, Regions


def test_a_box_lies_around_what_is_set_and_stays_inside_the_picture() -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[4:7, 8:20] = 1
    box = Box.around(mask, 2)
    assert (box.top, box.bottom, box.left, box.right) == (2, 9, 6, 22)
    assert box.crop(mask).sum() == mask.sum()
    assert Box.around(np.zeros((20, 30), np.uint8)) == Box(0, 20, 0, 30, 20, 30)


def test_a_part_extends_by_its_edge() -> None:
    part = np.arange(6, dtype=np.int32).reshape(2, 3)
    whole = Box(1, 3, 2, 5, 4, 6).extend(part)
    np.testing.assert_array_equal(whole[1:3, 2:5], part)
    np.testing.assert_array_equal(whole[0], [0, 0, 0, 1, 2, 2])
    np.testing.assert_array_equal(whole[3], [3, 3, 3, 4, 5, 5])


def test_faint_and_white_ink_do_not_stop_the_paint_and_trace_lines_do() -> None:
    ink = np.zeros((10, 12, 4), np.uint8)
    ink[2, 3:9] = (0, 0, 0, 255)
    ink[4, 3:9] = (0, 0, 0, 40)  # antialiasing
    ink[5, 3:9] = (255, 255, 255, 255)
    ink[6, 3:9] = (90, 30, 30, 255)
    trace = np.zeros((10, 12), bool)
    trace[8, 1] = True
    frame = Frame(1, ink, trace)
    assert set(np.flatnonzero(frame.solid.any(axis=1))) == {2, 6}
    assert set(np.flatnonzero(frame.lines.any(axis=1))) == {2, 6, 8}
    assert (frame.box.top, frame.box.bottom, frame.box.left, frame.box.right) == (2, 9, 1, 9)


@pytest.mark.parametrize("size", [(7, 9), (40, 33), (1, 1)])
def test_area_and_boxes_are_those_of_the_pixels(size: tuple[int, int]) -> None:
    labels = np.random.default_rng(size[0]).integers(0, 5, size).astype(np.int32)
    labels[size[0] // 2 :] = labels[size[0] // 2, -1]  # runs that go on over many rows
    regions = Regions(labels, 5)
    for region in range(6):
        rows, columns = np.nonzero(labels == region)
        assert regions.area[region] == len(rows)
        if region and len(rows):
            box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert regions.boxes[region].tolist() == box


def test_regions_come_back_from_their_runs() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (20, 30)).astype(np.int32)
    again = Regions.unpack(Regions(labels, 2).runs, 2)
    np.testing.assert_array_equal(again.labels, labels)
    assert again.labels.dtype == np.int32
