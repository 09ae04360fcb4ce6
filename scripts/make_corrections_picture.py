"""Make the picture of correcting in docs/painter.md: the report of a painted demo in a browser, one region corrected.

framecolor demo -o framecolor-demo
python scripts/make_corrections_picture.py framecolor-demo [--out benchmarks/pictures/corrections.png]

It needs the extra `test` (playwright) and Chromium.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from small_png import PICTURES, write_small_png

from framecolor.media import read_image
from framecolor.output.manifest import Manifest
from framecolor.report import write_report

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
_FLAGS += ["--disable-background-networking", "--disable-component-update"]
_WIDTH, _HEIGHT = 1280, 760
# The correction: frame, pixel in the region, and palette color that the region gets.
_FRAME, _AT, _COLOR = 1008, (724, 441), "#d64854"


@click.command()
@click.argument("demo", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), default=PICTURES / "corrections.png")
def main(demo: Path, out: Path) -> None:
    """Write the picture of correcting the painted demo in DEMO."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise click.ClickException("there is no Chromium on this machine; install the package chromium")
    report = write_report(demo / "color")
    manifest = Manifest.read(demo / "color")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="light")
        page.goto(f"{report.resolve().as_uri()}#frame-{_FRAME}")
        page.wait_for_function("document.querySelector('.found').hasAttribute('viewBox')")
        picture = page.locator(".paint")

        def place() -> tuple[float, float]:
            box = picture.bounding_box()
            assert box is not None
            scale = box["width"] / manifest.width, box["height"] / manifest.height
            return box["x"] + _AT[0] * scale[0], box["y"] + _AT[1] * scale[1]

        page.mouse.move(*place())
        page.mouse.wheel(0, -260)
        page.mouse.click(*place())
        page.click(f".colors [data-color='{_COLOR}']")
        page.screenshot(path=out)
        browser.close()
    write_small_png(out, read_image(out)[..., :3])


if __name__ == "__main__":
    main()
