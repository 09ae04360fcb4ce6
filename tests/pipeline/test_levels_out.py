"""Frames as one level of OpenToonz (--format tlv): the pixels of PNG frames, resumed, in parts, with its palette."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import pytorch_alone
from drawings import COAT, SIZE, SKIN, draw, make_shot
from levels import save_level
from painting import list_files, paint, read_all

from framecolor import OutputError, Settings, SettingsError, Shot, colorize_part, gather_parts, prepare, score_folders
from framecolor.core.compositing import lay_over
from framecolor.doctor import examine, find_target
from framecolor.media import encode_image, read_image, write_bytes_atomic, write_image
from framecolor.media.levels.member import list_members, read_dpi, read_level_paint, read_packed, unpack
from framecolor.media.palettes.tpl import read_styles, write_styles
from framecolor.movie.timeline import list_painted
from framecolor.output.manifest import Manifest
from framecolor.report import write_report

pytestmark = pytest.mark.usefixtures("quick_engine")


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six drawings with two keys, painted as PNG and as a level."""
    root = make_shot(tmp_path_factory.mktemp("levels") / "cut_7", 6, (0, 5), name="A{:04d}.png")
    with pytorch_alone():
        paint(root, root / "png")
        assert len(paint(root, root / "tlv", format="tlv").written) == 6
    return root


def read_level(out: Path) -> dict[int, Any]:
    """Number -> pixels of the drawings of the only level in a folder."""
    (level,) = out.glob("*.tlv")
    return {number: read_image(path) for number, path in list_members(level).items()}


def read_pngs(out: Path) -> dict[int, Any]:
    """Number -> pixels of the frames, without the color of transparent ones."""
    frames = {int(path.stem[-4:]): read_image(path) for path in sorted(out.glob("*.png"))}
    return {number: np.where(rgba[..., 3:] > 0, rgba, np.uint8(0)) for number, rgba in frames.items()}


def read_files(out: Path) -> tuple[bytes, bytes]:
    return (out / "A.tlv").read_bytes(), (out / "A.tpl").read_bytes()


def assert_same(one: dict[int, Any], other: dict[int, Any]) -> None:
    assert list(one) == list(other)
    assert all(np.array_equal(one[number], other[number]) for number in one)


def test_the_level_has_the_pixels_of_the_frames_and_its_palette(shot: Path) -> None:
    out = shot / "tlv"
    assert sorted(path.name for path in out.iterdir()) == [".framecolor", "A.tlv", "A.tpl", "framecolor.json"]
    assert_same(read_level(out), read_pngs(shot / "png"))
    palette = read_styles(out / "A.tpl")
    assert palette.styles[1].name == "line" and palette.styles[1].color == (0, 0, 0, 255)
    assert [(page.name, len(page.indices)) for page in palette.pages] == [("colors", 4), ("lines", 1)]
    for number, path in list_members(out / "A.tlv").items():
        parts, _ = unpack(read_packed(path))
        assert set(parts.ink[parts.tone < 255].tolist()) == {1}, "one style of line"
        assert np.array_equal(255 - parts.tone, draw(number - 1001)[0][..., 3]), "the drawing's own coverage"
        assert read_dpi(path) == (120, 120)
    assert [frame.file for frame in Manifest.read(out).frames][:2] == ["A.1001.tlv", "A.1002.tlv"]


def test_everything_that_reads_frames_reads_those_of_a_level(shot: Path) -> None:
    out = shot / "tlv"
    assert list(list_painted(out)) == list(range(1001, 1007))
    assert "data:image/webp" in write_report(out).read_text("utf-8")
    (out / "report.html").unlink()
    (finding,) = [one for one in examine(find_target(out)) if one.topic == "output"]
    assert "6 frames in" in finding.what
    assert score_folders(out, shot / "png", None).mean.exact == 1


def test_a_second_run_writes_nothing_and_a_lost_level_is_painted_again(shot: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    paint(shot, out, format="tlv")
    before, content = list_files(out), read_all(out)
    assert paint(shot, out, format="tlv").written == ()
    assert list_files(out) == before
    (out / "A.tlv").unlink()
    assert len(paint(shot, out, format="tlv").written) == 6
    (out / "A.tlv").write_bytes(content["A.tlv"][:5000])
    assert len(paint(shot, out, format="tlv").written) == 6
    assert read_all(out) == content


def test_frames_painted_in_turns_or_by_tasks_are_the_same_to_the_byte(shot: Path, tmp_path: Path) -> None:
    turns, tasks = tmp_path / "turns", tmp_path / "tasks"
    for frames in ("1004-1005", "1001-1003", "1006"):
        paint(shot, turns, frames=frames, format="tlv")
    settings = Settings(format="tlv")
    prepare(Shot.open(shot), tasks, settings)
    for frames in ("1003-1006", "1001-1002"):
        colorize_part(Shot.open(shot, frames=frames), tasks, settings)
        assert not list(tasks.glob("*.tlv")), "tasks leave parts"
    assert gather_parts(Shot.open(shot), tasks).failed == {}
    assert read_files(turns) == read_files(tasks) == read_files(shot / "tlv")


def test_a_run_that_is_stopped_leaves_its_parts_to_the_next(shot: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "paint" and done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paint(shot, out, format="tlv", progress=stop, threads=1)
    assert not (out / "A.tlv").exists()
    assert 0 < len(paint(shot, out, format="tlv").written) < 6
    assert read_files(out) == read_files(shot / "tlv")
    assert not list((out / ".framecolor").glob("level/*"))


def test_a_drawing_that_was_changed_is_painted_again_and_a_foreign_one_stays(shot: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    paint(shot, out, format="tlv")
    palette = read_styles(out / "A.tpl")
    # OpenToonz saves all drawings anew, by another compression: that alone changes nothing.
    save_again(out / "A.tlv", {})
    assert paint(shot, out, format="tlv").written == ()
    save_again(out / "A.tlv", {1002: 1003, 2000: 1001})
    assert paint(shot, out, format="tlv").written == (1002,)
    frames = read_level(out)
    assert np.array_equal(frames.pop(2000), frames[1001])
    assert_same(frames, read_pngs(shot / "png"))
    assert read_styles(out / "A.tpl") == palette


def save_again(level: Path, moved: dict[int, int]) -> None:
    """Save a level's drawings in another order, some in place of others: number -> number of the drawing to show."""
    from levels import pack_level

    members = list_members(level)
    drawings = {number: unpack(read_packed(path))[0].join() for number, path in members.items()}
    drawings |= {number: drawings[other] for number, other in moved.items()}
    level.write_bytes(pack_level({(number, ""): drawings[number] for number in reversed(drawings)}, 15))


def test_a_new_color_gets_a_new_style_and_names_stay(shot: Path, tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 4, (0, 3), first=1)
    out = root / "color"
    paint(root, format="tlv")
    level = out / "cut.tlv"
    palette = read_styles(level.with_suffix(".tpl"))
    (coat,) = [style.index for style in palette.styles if style.color == COAT]
    named = [style if style.index != coat else renamed(style, "coat of Anna") for style in palette.styles]
    write_styles(level.with_suffix(".tpl"), type(palette)(tuple(named), palette.pages, palette.name))
    assert paint(root, format="tlv").written == ()
    key = draw(3)[1]
    key[(key == SKIN).all(-1)] = (1, 2, 3, 255)
    write_image(root / "keys/cut.0004.png", key)
    assert 4 in paint(root, format="tlv").written
    styles = read_styles(level.with_suffix(".tpl")).styles
    assert (styles[coat].name, styles[coat].color) == ("coat of Anna", COAT)
    assert [style.color for style in styles[: len(palette.styles)]] == [style.color for style in palette.styles]
    assert styles[-1].color == (1, 2, 3, 255)


def renamed(style: Any, name: str) -> Any:
    from dataclasses import replace

    return replace(style, name=name)


def test_names_come_from_the_palette_and_from_keys_that_are_levels(tmp_path: Path) -> None:
    save_level(tmp_path / "cut/line/B.tlv", {(1, ""): 0, (2, ""): 1, (2, "a"): 2})
    save_level(tmp_path / "cut/keys/B.tlv", {(1, ""): 0}, (1,))
    (tmp_path / "cut/show.gpl").write_text("GIMP Palette\n250 214 180 face\n60 90 160\n200 40 50\n")
    out = tmp_path / "cut/color"
    assert len(paint(tmp_path / "cut", format="tlv", palette="show.gpl").written) == 3
    names = {style.color: style.name for style in read_styles(out / "B.tpl").styles}
    assert (names[SKIN], names[COAT]) == ("face", "coat")
    members = list_members(out / "B.tlv")
    assert [path.name for path in members.values()] == ["B.0001.tlv", "B.0002.tlv", "B.0002a.tlv"]
    assert read_dpi(members[1]) == (150, 150), "as the drawings have it"


def test_a_stencil_changes_nothing_around_it(shot: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    paint(shot, out, format="tlv")
    before = read_level(out)
    mask = np.zeros((*SIZE, 4), np.uint8)
    mask[30:60, 30:70] = 255
    write_bytes_atomic(tmp_path / "masks/1002.png", encode_image(mask))
    assert paint(shot, out, format="tlv", stencils=tmp_path / "masks").failed == {}
    after = read_level(out)
    around = mask[..., 3] == 0
    assert all(np.array_equal(after[number][around], before[number][around]) for number in before)
    paint_below = read_level_paint(list_members(out / "A.tlv")[1002])
    assert np.array_equal(lay_over(draw(1)[0], paint_below), after[1002])


def test_colored_lines_have_styles_of_their_own(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 3, (0, 2), first=1)
    for step in range(3):
        line, _ = draw(step)
        line[60:, :, :3] = np.where(line[60:, :, 3:] > 0, np.uint8([120, 70, 30]), np.uint8(0))
        write_image(root / f"line/cut.{step + 1:04d}.png", line)
    paint(root, root / "png")
    paint(root, root / "tlv", format="tlv")
    assert_same(read_level(root / "tlv"), read_pngs(root / "png"))
    palette = read_styles(root / "tlv/cut.tpl")
    (lines,) = [page.indices for page in palette.pages if page.name == "lines"]
    assert {palette.styles[index].color[:3] for index in lines} == {(0, 0, 0), (120, 70, 30)}


@pytest.mark.parametrize("given", [{"mode": "painted"}, {"line": "layer"}])
def test_what_a_level_cannot_hold_is_refused(shot: Path, tmp_path: Path, given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="a level holds") as caught:
        paint(shot, tmp_path / "out", format="tlv", **given)
    assert "--format" in str(caught.value) and not (tmp_path / "out").exists()


def test_a_level_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    level = save_level(tmp_path / "A.tlv", {(1, ""): 0, (2, ""): 1}, (1,))
    content = level.read_bytes()
    for format in ("png", "tlv"):
        with pytest.raises(OutputError, match=r"the shot's own drawings|has not painted"):
            paint(level, tmp_path, keys=level, format=format)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/A.tlv").write_bytes(content)
    with pytest.raises(OutputError, match=r"A\.tlv: is a level that framecolor has not painted"):
        paint(level, tmp_path / "out", keys=level, format="tlv")
    assert level.read_bytes() == content == (tmp_path / "out/A.tlv").read_bytes()


def test_a_level_without_lines(shot: Path, tmp_path: Path) -> None:
    paint(shot, tmp_path / "png", line="none")
    paint(shot, tmp_path / "tlv", line="none", format="tlv")
    assert_same(read_level(tmp_path / "tlv"), read_pngs(tmp_path / "png"))
