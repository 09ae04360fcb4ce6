"""Draw the demo shot that ships with the package: line art of 32 frames and three painted keys.

    python scripts/make_demo_shot.py [OUT] [--truth DIR]

The same script gives the same files. With --truth the paint of every frame is written as well (DIR/color: as a painter
would deliver it; DIR/flat: paint without lines), so that the accuracy of a painted demo can be measured.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from demo_shot.motion import EXPOSURE, FIRST_FRAME, KEYS, poses
from demo_shot.palette import RGB
from demo_shot.png import write_png
from demo_shot.render import draw, paint

_PACKAGED = Path(__file__).resolve().parent.parent / "framecolor" / "demo" / "shot"
_SEED = 1000
NAME = "fox.{:04d}.png"


def _folder(path: Path) -> Path:
    """An empty folder at `path`; PNG files of an earlier run go."""
    if path.is_dir():
        for old in path.glob("*.png"):
            old.unlink()
    path.mkdir(parents=True, exist_ok=True)
    return path


@click.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False), default=_PACKAGED)
@click.option(
    "--truth", type=click.Path(path_type=Path, file_okay=False), help="Also write the paint of all frames here."
)
def main(out: Path, truth: Path | None) -> None:
    """Draw the shot into OUT/line and OUT/keys."""
    line, keys = _folder(out / "line"), _folder(out / "keys")
    color, flat = (_folder(truth / "color"), _folder(truth / "flat")) if truth else (None, None)
    moments = poses()
    drawings = {moment: draw(moments[moment], _SEED + moment) for moment in sorted(set(EXPOSURE))}
    for frame, moment in enumerate(EXPOSURE, FIRST_FRAME):
        name, drawing = NAME.format(frame), drawings[moment]
        write_png(line / name, drawing.line)
        if frame in KEYS:
            write_png(keys / name, paint(drawing))
        if color and flat:
            write_png(color / name, paint(drawing))
            write_png(
                flat / name, np.dstack([RGB[drawing.label], np.where(drawing.label > 0, 255, 0).astype(np.uint8)])
            )
    size = sum(path.stat().st_size for path in out.rglob("*.png"))
    click.echo(f"{out}: {len(EXPOSURE)} line frames, {len(KEYS)} keys, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
