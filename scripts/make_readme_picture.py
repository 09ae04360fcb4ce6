"""Make the first picture of the README from a painted demo: a row of drawings, and the painted frames below.

framecolor demo -o DEMO
python scripts/make_readme_picture.py DEMO [--out benchmarks/pictures/demo.png]
"""

from __future__ import annotations

from pathlib import Path

import click
from small_png import PICTURES, write_small_png

from framecolor import Shot
from framecolor.demo.picture import write_picture
from framecolor.media import read_image

# Keys 1001, 1013, 1029 and, between them, a turn with a half-closed eye, a crouch and a hop.
_NUMBERS = (1001, 1006, 1013, 1021, 1024, 1029)


@click.command()
@click.argument("demo", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), default=PICTURES / "demo.png")
def main(demo: Path, out: Path) -> None:
    """Write the picture of the painted demo in DEMO."""
    write_picture(out, Shot.open(demo), demo / "color", _NUMBERS)
    write_small_png(out, read_image(out)[..., :3])


if __name__ == "__main__":
    main()
