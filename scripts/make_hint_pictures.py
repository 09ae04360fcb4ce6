"""Make the picture of hints in docs/painter.md: a hint on the left, the frames painted from it on the right.

framecolor demo -o DEMO
python scripts/make_hint_pictures.py DEMO [--out benchmarks/pictures/hints.png]
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click
import cv2
import numpy as np
from small_png import PICTURES, write_small_png

from framecolor import Settings, Shot, colorize, colorize_stencils
from framecolor.core.compositing import lay_over_color
from framecolor.core.types import Palette
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.region_colors import region_colors
from framecolor.lineart.regions import find_regions, outside_regions
from framecolor.media import read_image, write_image, write_palette

_NUMBERS = tuple(range(1001, 1014))
_SHOWN = (1001, 1006, 1010, 1013)
_HINTED = 1006
_STROKE_PX = 9
_LEAST_STROKED_PX = 400
_PALETTE = (
    (250, 240, 220),
    (60, 90, 70),
    (150, 40, 60),
    (30, 30, 60),
    (230, 180, 60),
    (120, 160, 190),
    (244, 214, 190),
)
_CELL = (260, 260)


@click.command()
@click.argument("demo", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), default=PICTURES / "hints.png")
def main(demo: Path, out: Path) -> None:
    """Paint the first drawings of the painted demo again from each kind of hint, and write the picture."""
    rows = []
    box = _find_figure(demo)
    with tempfile.TemporaryDirectory() as work:
        for title, give in (
            ("strokes on one frame", _give_strokes),
            ("a palette", _give_palette),
            ("a reference", _give_reference),
            ("nothing", _give_nothing),
            ("a stencil, and strokes", _give_stencil),
        ):
            root = _copy_drawings(demo, Path(work) / title.replace(" ", "_"))
            given, frames = give(demo, root)
            rows.append(_write_row(title, [_crop(picture, box) for picture in (given, *frames)]))
            click.echo(title)
    sheet = np.vstack(rows)
    write_small_png(out, sheet)


Given = tuple[np.ndarray, list[np.ndarray]]


def _give_strokes(demo: Path, root: Path) -> Given:
    painted = read_image(demo / "color" / f"fox.{_HINTED}.png")
    strokes = _draw_strokes(demo, painted)
    (root / "hints").mkdir()
    write_image(root / "hints" / f"fox.{_HINTED}.png", strokes)
    line = read_image(demo / "line" / f"fox.{_HINTED}.png")
    return _lay(strokes, line), _paint(root, Settings())


def _give_palette(_: Path, root: Path) -> Given:
    colors = np.array([(*color, 255) for color in _PALETTE], np.uint8)
    write_palette(root / "night.gpl", Palette(colors))
    swatches = np.full((_CELL[1], _CELL[0], 3), 255, np.uint8)
    for i, color in enumerate(_PALETTE):
        cv2.rectangle(swatches, (75, 8 + 36 * i), (185, 34 + 36 * i), color, -1)
    return swatches, _paint(root, Settings(palette=str(root / "night.gpl")))


def _give_reference(demo: Path, root: Path) -> Given:
    key = read_image(next((demo / "keys").glob("*1001*")))
    turned = _turn_hue(key, 100)
    write_image(root / "reference.png", turned)
    return lay_over_color(turned), _paint(root, Settings(reference=str(root / "reference.png")))


def _give_nothing(_: Path, root: Path) -> Given:
    return np.full((_CELL[1], _CELL[0], 3), 255, np.uint8), _paint(root, Settings())


def _give_stencil(demo: Path, root: Path) -> Given:
    """Paint a stencil over the upper part of a painted frame, with strokes in other colors inside and outside of it."""
    shutil.copytree(demo / "keys", root / "keys", ignore=lambda _, names: [n for n in names if "1029" in n])
    _paint(root, Settings())
    before = read_image(root / "color" / f"fox.{_HINTED}.png")
    strokes = _draw_strokes(demo, _turn_hue(before, 60))
    mask = np.zeros(before.shape, np.uint8)
    mask[: before.shape[0] * 2 // 5] = 255
    for folder, picture in (("hints", strokes), ("stencils", mask)):
        (root / folder).mkdir()
        write_image(root / folder / f"fox.{_HINTED}.png", picture)
    shot = Shot.open(root, hints=root / "hints", stencils=root / "stencils")
    out = root / "color"
    colorize_stencils(shot, out, Settings())
    after = read_image(out / f"fox.{_HINTED}.png")
    given = _lay(strokes, before)
    given[mask[..., 3] == 0] = given[mask[..., 3] == 0] // 2 + 120
    shutil.rmtree(root / "hints")
    carried = _paint(root, Settings())
    return given, [lay_over_color(before), lay_over_color(after), carried[0], carried[2]]


def _turn_hue(rgba: np.ndarray, degrees_by_two: int) -> np.ndarray:
    """Rotate the hues of a picture, in OpenCV's units of two degrees."""
    hsv = np.asarray(cv2.cvtColor(rgba[..., :3], cv2.COLOR_RGB2HSV), np.uint8)
    hsv[..., 0] = (hsv[..., 0].astype(int) + degrees_by_two) % 180
    return np.dstack([np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8), rgba[..., 3]])


def _draw_strokes(demo: Path, painted: np.ndarray) -> np.ndarray:
    """Draw a stroke in each larger region of the hinted drawing, in the region's color."""
    frame = read_drawing(_HINTED, read_image(demo / "line" / f"fox.{_HINTED}.png"))
    regions = find_regions(frame)
    colors = region_colors(painted, frame, regions).color
    strokes = np.zeros(painted.shape, np.uint8)
    for region in np.flatnonzero((regions.area > _LEAST_STROKED_PX) & ~outside_regions(regions)):
        if region and colors[region, 3]:
            inside = cv2.distanceTransform((regions.labels == region).astype(np.uint8), cv2.DIST_L2, 3)
            y, x = np.unravel_index(int(inside.argmax()), inside.shape)
            reach = int(0.7 * inside.max())
            color = [int(c) for c in colors[region]]
            cv2.line(strokes, (int(x) - reach, int(y)), (int(x) + reach, int(y)), color, _STROKE_PX)
    return strokes


def _copy_drawings(demo: Path, root: Path) -> Path:
    (root / "line").mkdir(parents=True)
    for number in _NUMBERS:
        shutil.copy(demo / "line" / f"fox.{number}.png", root / "line")
    return root


def _paint(root: Path, settings: Settings) -> list[np.ndarray]:
    outcome = colorize(Shot.open(root), root / "color", settings)
    return [lay_over_color(read_image(outcome.out / f"fox.{number}.png")) for number in _SHOWN]


def _lay(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    solid = over[..., 3:] > 0
    return np.where(solid, over[..., :3], lay_over_color(under))


def _find_figure(demo: Path) -> tuple[int, int, int, int]:
    """Find the box of the figure in the shown drawings: top, bottom, left, right."""
    ink = [read_image(demo / "line" / f"fox.{number}.png")[..., 3] > 0 for number in (*_SHOWN, _HINTED)]
    rows, columns = np.nonzero(np.any(ink, axis=0))
    return int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1


def _crop(rgb: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Crop a frame to the figure; smaller pictures, such as swatches, are not cropped."""
    top, bottom, left, right = box
    return rgb[top:bottom, left:right] if rgb.shape[0] >= bottom and rgb.shape[1] >= right else rgb


def _write_row(title: str, pictures: list[np.ndarray]) -> np.ndarray:
    cells = [_fit(picture) for picture in pictures]
    cells.insert(1, np.full((_CELL[1], 16, 3), 255, np.uint8))
    strip = np.hstack(cells)
    head = np.full((34, strip.shape[1], 3), 255, np.uint8)
    cv2.putText(head, title, (10, 24), cv2.FONT_HERSHEY_DUPLEX, 0.65, (40, 40, 40), 1, cv2.LINE_AA)
    return np.vstack([head, strip])


def _fit(rgb: np.ndarray) -> np.ndarray:
    width, height = _CELL
    scale = min(width / rgb.shape[1], height / rgb.shape[0])
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cell = np.full((height, width, 3), 255, np.uint8)
    top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
    cell[top : top + small.shape[0], left : left + small.shape[1]] = small
    return cell


if __name__ == "__main__":
    main()
