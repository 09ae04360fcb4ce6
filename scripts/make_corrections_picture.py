"""Make the README's picture of correcting: the report of a painted demo in a real browser, with one region set right.

framecolor demo -o framecolor-demo
python scripts/make_corrections_picture.py framecolor-demo [--out benchmarks/pictures/corrections.png]

It needs the extra `test` (playwright) and a Chromium on the machine.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click
from demo_shot.png import write_png

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))  # so that the script also runs from a checkout that is not installed

from make_readme_picture import reduce_colors  # noqa: E402

from framecolor.media import read_image  # noqa: E402
from framecolor.output.manifest import Manifest  # noqa: E402
from framecolor.report import write_report  # noqa: E402

_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
_FLAGS += ["--disable-background-networking", "--disable-component-update"]
_WIDTH, _HEIGHT = 1280, 760


@click.command()
@click.argument("demo", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), default=_ROOT / "benchmarks" / "pictures" / "corrections.png")
@click.option("--frame", default=1008, show_default=True, help="Frame to correct.")
@click.option("--at", type=(int, int), default=(436, 470), show_default=True, help="Pixel inside of the region.")
@click.option("--color", default="#ec843e", show_default=True, help="Palette color to give it.")
@click.option("--dark", is_flag=True, help="As it looks on a dark desk.")
def main(demo: Path, out: Path, frame: int, at: tuple[int, int], color: str, dark: bool) -> None:
    """Write the picture of correcting the painted demo in DEMO."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise click.ClickException("there is no Chromium on this machine; install the package chromium")
    report = write_report(demo / "color")
    manifest = Manifest.read(demo / "color")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme="dark" if dark else "light")
        page.goto(f"{report.resolve().as_uri()}#frame-{frame}")
        page.wait_for_function("document.querySelector('.found').hasAttribute('viewBox')")
        picture = page.locator(".paint")

        def place() -> tuple[float, float]:
            box = picture.bounding_box()
            assert box is not None
            return box["x"] + at[0] * box["width"] / manifest.width, box["y"] + at[1] * box["height"] / manifest.height

        page.mouse.move(*place())
        page.mouse.wheel(0, -260)
        page.mouse.click(*place())
        page.click(f".colors [data-color='{color}']")
        page.screenshot(path=out)
        browser.close()
    write_png(out, reduce_colors(read_image(out)))
    click.echo(f"{out}: {out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
