"""What the page holds to recolor a drawing: every region is in it, with a pixel inside of it and its exact color."""

from __future__ import annotations

import base64
import json
import re
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
from drawings import COAT, SCARF, SKIN, draw, make_shot
from movie_files import write_lossless
from numpy.typing import NDArray
from painting import FIT, copy_shot, paint

from framecolor import Shot
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.media import Swatch, SwatchList, hash_file, write_image, write_swatches
from framecolor.output.manifest import Manifest
from framecolor.report import page, write_report
from framecolor.report.correcting import describe_command, write_command
from framecolor.report.lines import LineArt
from framecolor.report.region_map import build_map, shrink_labels


def unpack(text: str) -> tuple[NDArray[np.int32], NDArray[np.uint32], NDArray[np.uint8]]:
    """Read labels, places [count, 2] and colors [count, 4] of a map, in the format of `region_map`."""
    data = zlib.decompress(base64.b64decode(text))
    width, height, _, _, count = np.frombuffer(data, "<u4", 5)
    places = np.frombuffer(data, "<u4", 2 * count, 20).reshape(2, -1).T
    colors = np.frombuffer(data, np.uint8, 4 * count, 20 + 8 * count).reshape(-1, 4)
    runs = np.frombuffer(data, np.uint8, -1, 20 + 12 * count).reshape(5, -1).astype(np.int32)
    lengths, labels = runs[0] + (runs[1] << 8) + (runs[2] << 16), runs[3] + (runs[4] << 8)
    return np.repeat(labels, lengths).reshape(height, width), places, colors


def find_maps(text: str) -> dict[int, dict]:
    """Frame number -> map of a page."""
    found = re.findall(r'<script type="application/json" id="map-(\d+)">(.*?)</script>', text, re.S)
    return {int(number): json.loads(content) for number, content in found}


def test_a_map_holds_the_regions_as_they_are(painted_shot: Path) -> None:
    out = painted_shot / "color"
    manifest = Manifest.read(out)
    line, painted = draw(2)
    content = json.loads(build_map(line, painted, manifest.frames[2], manifest, "00ff"))
    labels, places, colors = unpack(content["regions"])
    regions = find_regions(read_drawing(3, line))
    assert (labels == regions.labels).all() and content["drawing"] == "00ff"
    assert {tuple(color) for color in colors.tolist()} == {COAT, SCARF, SKIN, (0, 0, 0, 0)}
    for region, (x, y) in enumerate(places.tolist(), 1):
        assert (labels[y - 1 : y + 2, x - 1 : x + 2] == region).all()


def test_no_region_is_lost_when_a_large_drawing_is_shrunk() -> None:
    labels = np.ones((1500, 3000), np.int32)
    places = np.array([(0, 0), (100, 100)] + [(x, 700) for x in range(200, 2800, 13)], np.uint32)
    for region, (x, y) in enumerate(places.tolist()[2:], 2):
        labels[y, x] = region
    small = shrink_labels(labels, places)
    assert small.shape == (550, 1100)
    assert set(np.unique(small)) == set(range(1, len(places)))
    assert labels[700, 200] == 2 and small[700 * 550 // 1500, 200 * 1100 // 3000] == 2


def test_thin_ink_over_a_region_does_not_change_its_color(painted_shot: Path) -> None:
    manifest = Manifest.read(painted_shot / "color")
    line, painted = np.zeros((96, 128, 4), np.uint8), np.zeros((96, 128, 4), np.uint8)
    line[20:60, 20:60, 3] = 30  # a tone that is no line
    line[19, 19:61, 3] = line[60, 19:61, 3] = line[19:61, 19, 3] = line[19:61, 60, 3] = 255
    painted[20:60, 20:60] = [round(c * 225 / 255) for c in COAT[:3]] + [255]
    colors = unpack(json.loads(build_map(line, painted, manifest.frames[0], manifest, ""))["regions"])[2]
    assert {tuple(color) for color in colors.tolist()} == {COAT, (0, 0, 0, 0)}


def test_a_page_has_a_map_of_every_drawing_and_lists_those_without(
    painted_shot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy_shot(painted_shot, tmp_path / "cut")
    maps = find_maps(write_report(root / "color").read_text())
    assert list(maps) == list(range(1001, 1008))
    assert maps[1002]["drawing"] == Shot.open(root).line_hash(1002) == hash_file(root / "line" / "cut.1002.png")
    monkeypatch.setattr(page, "_MOST_MAPPED", 3)
    text = write_report(root / "color").read_text()
    assert len(find_maps(text)) == 3 and "this page holds the regions of 3 drawings" in text
    for path in (root / "line").iterdir():
        path.unlink()
    text = write_report(root / "color").read_text()
    assert find_maps(text) == {} and "The drawings were missing" in text


def test_the_drawings_of_a_movie_are_found(painted_shot: Path, tmp_path: Path) -> None:
    root = copy_shot(painted_shot, tmp_path / "cut")
    pictures = [draw(step)[0] for step in range(7)]
    movie = write_lossless(root / "line.mkv", pictures)
    art = LineArt(root / "color", "../line.mkv")
    found = {drawing.number: drawing for drawing in art.visit([2, 3, 7, 9])}
    assert all((found[n].read() == pictures[n - 1]).all() for n in (2, 3, 7)) and found[9].read() is None
    write_image(root / "movie_keys" / "cut.0001.png", draw(0)[1])
    assert found[2].hash() == Shot.open(movie, keys=root / "movie_keys").line_hash(2) and found[9].hash() == ""
    table = json.loads((root / "color" / "framecolor.json").read_text())
    for frame in table["frames"]:
        frame["number"] -= 1000
    del table["seal"]  # written by hand
    (root / "color" / "framecolor.json").write_text(json.dumps(table | {"line_dir": "../line.mkv"}))
    text = write_report(root / "color").read_text()
    assert list(find_maps(text)) == list(range(1, 8))
    assert "<span>--keys</span>" in text


def test_the_command_fits_the_run(painted_shot: Path, tmp_path: Path) -> None:
    root = copy_shot(painted_shot, tmp_path / "cut")
    line = next(line for line in write_report(root / "color").read_text().splitlines() if 'class="command"' in line)
    words = re.findall(r"<span>(.*?)</span>", line)
    given = ["--corrections", "corrections.json", "--fit", str(FIT), "--report"]
    assert words == ["framecolor", "colorize", "cut", *given]
    (root / "color").rename(root / "other")
    assert "<span>-o</span> <span>other</span>" in write_report(root / "other").read_text()


@pytest.mark.usefixtures("quick_engine")
def test_the_command_has_the_options_of_the_run(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    for file in (tmp_path / "show x.gpl", root / "own.gpl"):
        write_swatches(file, SwatchList((Swatch(SKIN, "skin"), Swatch(COAT, "coat"), Swatch(SCARF, "scarf"))))
    paint(root, palette=str(tmp_path / "show x.gpl"), mattes=True, line="over", gap_px=3)
    start = ["framecolor", "colorize", "cut", "--corrections", "corrections.json"]
    file = str(tmp_path / "show x.gpl")
    given = ["--gap", "3", "--line", "over", "--mattes", "--palette", file, "--report"]
    assert write_command(Manifest.read(root / "color")) == [*start, *given]
    told = describe_command(Manifest.read(root / "color"))
    assert told["words"] == [*start, *given[:-2], "show x.gpl", "--report"], "no folder of this machine"
    assert told["places"] == {2: "../..", 11: "../.."}
    (root / "framecolor.toml").write_text('palette = "own.gpl"\nline = "over"\ngap_px = 3\n')
    shutil.rmtree(root / "color")
    paint(root, palette="own.gpl", line="over", gap_px=3)  # as the file gives them
    assert write_command(Manifest.read(root / "color")) == [*start, "--report"]


def test_black_ink_is_its_alpha_and_colored_ink_a_picture(painted_shot: Path) -> None:
    manifest = Manifest.read(painted_shot / "color")
    line, painted = draw(2)
    ink = json.loads(build_map(line, painted, manifest.frames[2], manifest, ""))["ink"]
    alpha = np.frombuffer(zlib.decompress(base64.b64decode(ink)), np.uint8).reshape(96, 128)
    assert np.abs(alpha.astype(int) - line[..., 3]).max() <= 8 and alpha.max() == 255
    line[..., :3] = (120, 60, 30)
    ink = json.loads(build_map(line, painted, manifest.frames[2], manifest, ""))["ink"]
    assert ink.startswith("data:image/webp;base64,")
