"""Paint the demo shot as a cut that TVPaint exported, and draw its timing with drawings and painted frames.

python benchmarks/timeline_picture.py -o benchmarks/pictures/sheet.png
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from shutil import copyfile

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor import Shot, colorize, write_sheet
from framecolor.core.compositing import lay_over_color
from framecolor.demo import copy_shot
from framecolor.media import read_image, write_image
from framecolor.shot.sheets.exposure_sheet import Sheet, Track
from framecolor.shot.sheets.files import read_sheet
from framecolor.shot.sheets.writers import format_tvpaint_json

Rgb = NDArray[np.uint8]

# Which of the demo's drawings is shown in each frame: on threes, the fourth held, the first two shown again.
_SHOWN = [1001] * 3 + [1005] * 3 + [1009] * 3 + [1013] * 6 + [1021] * 3 + [1029] * 3 + [1001] * 3
_KEYS = (1001, 1013, 1029)
_FRAME_PX = 54
_HIGH_PX = 110
_MARGIN_PX = 76
_INK, _PAPER, _BAR = (40, 40, 40), (255, 255, 255), (226, 232, 240)


def make_export(folder: Path) -> None:
    """Write the demo's drawings as an export of TVPaint: a folder for the layer, clip.json, and keys of its names."""
    with tempfile.TemporaryDirectory() as demo:
        copy_shot(Path(demo))
        starts = {number: _SHOWN.index(number) + 1 for number in dict.fromkeys(_SHOWN)}
        files = {start: f"[001] fox/[{start:04d}] fox.png" for start in starts.values()}
        (folder / "[001] fox").mkdir(parents=True)
        (folder / "keys/fox").mkdir(parents=True)
        for number, start in starts.items():
            copyfile(Path(demo) / f"line/fox.{number}.png", folder / files[start])
            if number in _KEYS:
                copyfile(Path(demo) / f"keys/fox.{number}.png", folder / "keys/fox" / Path(files[start]).name)
    track = Track("fox", tuple(starts[number] for number in _SHOWN))
    sheet = Sheet(folder / "clip.json", len(_SHOWN), (track,), 24.0)
    size = read_image(folder / files[1]).shape
    sheet.path.write_text(format_tvpaint_json(sheet, "clip", (size[0], size[1]), [files]), "utf-8")


def draw_timeline(shot: Shot, painted: Path) -> Rgb:
    """Draw a row of drawings, a bar for each exposure, and a row of painted frames."""
    exposures = shot.exposures or ()
    width, height = _MARGIN_PX + _FRAME_PX * len(exposures) + 8, 3 * _HIGH_PX - 20
    picture = np.full((height, width, 3), _PAPER, np.uint8)
    for row, title in ((55, "TVPaint"), (_HIGH_PX + 42, "sheet"), (_HIGH_PX + 140, "painted")):
        _write(picture, title, 6, row)
    begins = [frame for frame, number in enumerate(exposures) if frame == 0 or exposures[frame - 1] != number]
    for begin, end in zip(begins, [*begins[1:], len(exposures)], strict=True):
        number = exposures[begin]
        left, right = _MARGIN_PX + begin * _FRAME_PX, _MARGIN_PX + end * _FRAME_PX - 4
        cv2.rectangle(picture, (left, _HIGH_PX + 18), (right, _HIGH_PX + 58), _BAR, -1)
        if number is not None:
            name = shot.output_name(number)
            _write(picture, name.removesuffix(".png"), left + 6, _HIGH_PX + 42)
            _paste(picture, shot.read_line(number), left, right, 4)
            _paste(picture, read_image(painted / name), left, right, _HIGH_PX + 76)
    for frame in range(0, len(exposures), 3):
        _write(picture, str(frame + 1), _MARGIN_PX + frame * _FRAME_PX, height - 8)
    return picture


def _paste(picture: Rgb, rgba: NDArray[np.uint8], left: int, right: int, top: int) -> None:
    rgb = lay_over_color(rgba)
    scale = min((right - left) / rgb.shape[1], _HIGH_PX / rgb.shape[0])
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture[top : top + small.shape[0], left : left + small.shape[1]] = small


def _write(picture: Rgb, text: str, left: int, bottom: int) -> None:
    cv2.putText(picture, text, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)


@click.command(help=__doc__)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Picture to write.")
def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        cut = Path(folder) / "Cut-9"
        make_export(cut)
        shot = Shot.open(cut / "line/fox")
        painted = colorize(shot).out
        written = write_sheet(cut, painted.parent / "Cut-9.xdts")
        if read_sheet(written.path).tracks[0].exposures != shot.exposures:
            raise click.ClickException("the sheet that was written has another timing")
        picture = draw_timeline(shot, painted)
    alpha = np.full((*picture.shape[:2], 1), 255, np.uint8)
    write_image(out, np.concatenate([picture, alpha], axis=2))


if __name__ == "__main__":
    main()
