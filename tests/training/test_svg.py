"""SVG files as flat shapes."""

from pathlib import Path

import numpy as np
import pytest
from figures import write_svg

from framecolor import ReadError
from framecolor.training.puppets.shapes import Shape, paint_shape
from framecolor.training.sources.svg import read_shapes

pytest.importorskip("svgelements")


def svg(inside: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{inside}</svg>'


def paint(shapes: list[Shape]) -> np.ndarray:
    """The drawing on 100x100 pixels, as index + 1."""
    ids = np.zeros((100, 100), np.uint16)
    for i, shape in enumerate(shapes):
        paint_shape(ids, shape, shape.contours, shape.clip, 1.0, i + 1)
    return ids


def test_shapes_keep_order_color_and_place(tmp_path: Path) -> None:
    shapes = read_shapes(
        write_svg(
            tmp_path / "a.svg",
            svg(
                '<g transform="translate(10 20) scale(2)"><rect width="10" height="5" fill="red"/></g>'
                '<ellipse cx="50" cy="60" rx="20" ry="5" transform="rotate(90 50 60)" style="fill:#00ff00"/>'
            ),
        )
    )
    assert [s.rgb for s in shapes] == [(255, 0, 0), (0, 255, 0)]
    assert shapes[0].points.min(axis=0) == pytest.approx([10, 20])
    assert shapes[0].points.max(axis=0) == pytest.approx([30, 30])
    assert shapes[1].points.min(axis=0) == pytest.approx([45, 40], abs=0.5)
    assert shapes[1].points.max(axis=0) == pytest.approx([55, 80], abs=0.5)


def test_strokes_are_lines_of_their_width(tmp_path: Path) -> None:
    (line,) = read_shapes(
        write_svg(
            tmp_path / "a.svg", svg('<g transform="scale(2)"><path d="M5 20H45" stroke="#222" stroke-width="3"/></g>')
        )
    )
    assert line.stroke == pytest.approx(6)
    ids = paint([line])
    assert 5 <= (ids[:, 50] > 0).sum() <= 7


def test_gradients_become_their_mean_color_and_faint_shapes_go(tmp_path: Path) -> None:
    stops = '<stop offset="0" stop-color="#ff0000"/><stop offset="1" style="stop-color:#0000ff"/>'
    shapes = read_shapes(
        write_svg(
            tmp_path / "a.svg",
            svg(
                f'<linearGradient id="a">{stops}</linearGradient>'
                '<radialGradient id="b" xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="#a"/>'
                '<rect width="50" height="50" fill="url(#b)"/><rect width="9" height="9" opacity="0.05"/>'
                '<rect width="9" height="9" display="none"/>'
            ),
        )
    )
    assert [s.rgb for s in shapes] == [(128, 0, 128)]


@pytest.mark.parametrize("kind", ["clipPath", "mask"])
def test_clipped_shapes_are_drawn_inside_of_the_clip_only(tmp_path: Path, kind: str) -> None:
    reference = "clip-path" if kind == "clipPath" else "mask"
    shapes = read_shapes(
        write_svg(
            tmp_path / "a.svg",
            svg(
                f'<{kind} id="c"><circle cx="20" cy="20" r="10" fill="#fff"/></{kind}>'
                f'<g transform="translate(30 30)" {reference}="url(#c)"><rect width="60" height="60" fill="red"/></g>'
            ),
        )
    )
    ids = paint(shapes)
    assert ids[50, 50] == 1
    assert (ids > 0).sum() == pytest.approx(np.pi * 100, rel=0.15)


def test_holes_follow_the_fill_rule(tmp_path: Path) -> None:
    outer, inner, reverse = "M10 10H90V90H10Z", "M30 30H70V70H30Z", "M30 30V70H70V30Z"
    for path, rule, hole in (
        (outer + inner, "nonzero", False),
        (outer + reverse, "nonzero", True),
        (outer + inner, "evenodd", True),
    ):
        shapes = read_shapes(write_svg(tmp_path / "a.svg", svg(f'<path d="{path}" fill-rule="{rule}"/>')))
        ids = paint(shapes)
        assert ids[20, 20] == 1
        assert (ids[50, 50] == 0) == hole


def test_what_is_no_svg_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"a\.svg"):
        read_shapes(write_svg(tmp_path / "a.svg", "<svg"))
    with pytest.raises(ReadError, match=r"absent\.svg"):
        read_shapes(tmp_path / "absent.svg")
