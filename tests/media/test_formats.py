"""Frames in every format: their bytes, reading them back, and whole runs with each of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from conftest import pytorch_alone
from drawings import SIZE, draw, make_shot
from numpy.typing import NDArray
from painting import colors_of, list_files, paint

from framecolor import ReadError, Settings, SettingsError, score_folders
from framecolor.config.settings import FormatName
from framecolor.core.compositing import lay_over
from framecolor.media import FORMATS, Mark, Picture, image_size, read_image, write_bytes_atomic
from framecolor.media.writers.exr import encode_exr
from framecolor.media.writers.psd import read_paint_layer
from framecolor.report import write_report

Rgba = NDArray[np.uint8]

PICTURES = [name for name, format in FORMATS.items() if not format.level]


@pytest.fixture
def soft() -> Rgba:
    """Every alpha with many colors; fully transparent pixels are paper."""
    picture = np.random.default_rng(1).integers(0, 256, (37, 53, 4), dtype=np.uint8)
    picture[picture[..., 3] == 0] = (255, 255, 255, 0)
    picture[5:20, 8:40] = (250, 3, 128, 255)
    return picture


def every_opaque_level() -> Rgba:
    level = np.arange(256, dtype=np.uint8)[:, None]
    return np.dstack([level, 255 - level, level ^ 85, np.full_like(level, 255)])


def save(folder: Path, name: FormatName, picture: Picture) -> Path:
    path = folder / f"{name}.1001{FORMATS[name].suffix}"
    write_bytes_atomic(path, FORMATS[name].encode(picture))
    return path


def assert_seen_alike(one: Rgba, other: Rgba) -> None:
    """Assert equal pixels; fully transparent ones may be of any color."""
    assert np.array_equal(one[..., 3], other[..., 3])
    seen = other[..., 3] > 0
    assert np.array_equal(one[seen], other[seen])


def test_the_table_has_every_format_that_can_be_set() -> None:
    assert tuple(FORMATS) == get_args(FormatName)
    with pytest.raises(SettingsError, match="format: cannot be 'jpg'; give one of png, png16"):
        Settings(format="jpg")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", PICTURES)
def test_opaque_colors_come_back_to_the_bit(tmp_path: Path, name: FormatName) -> None:
    levels = every_opaque_level()
    path = save(tmp_path, name, Picture(levels))
    assert np.array_equal(read_image(path), levels)
    assert image_size(path) == levels.shape[:2]
    assert FORMATS[name].encode(Picture(levels)) == path.read_bytes(), "the same frame is the same file"


@pytest.mark.parametrize("name", [name for name in PICTURES if name not in ("exr", "psd", "psd-parts")])
def test_straight_alpha_comes_back_to_the_bit(tmp_path: Path, name: FormatName, soft: Rgba) -> None:
    assert np.array_equal(read_image(save(tmp_path, name, Picture(soft))), soft)


def test_exr_keeps_every_color_that_is_not_fully_transparent(tmp_path: Path) -> None:
    level, alpha = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    rgba = np.dstack([level, 255 - level, level // 2, alpha])
    back = read_image(save(tmp_path, "exr", Picture(rgba)))
    seen = alpha > 0
    assert np.array_equal(back[seen], rgba[seen])
    assert not back[~seen].any()


def test_exr_has_color_space_tags() -> None:
    header = encode_exr(every_opaque_level())[:700]
    assert b"A\0" + np.array([1], "<i4").tobytes() in header, "channels of type half"
    assert b"chromaticities" in header and b"lin_rec709_scene" in header
    assert b"capDate" not in header, "no date: the same frame is the same file"
    assert header[header.index(b"compression\0compression\0") + 28] == 3, "ZIP, 16 lines a block"


def test_16_bits_are_257_times_8() -> None:
    import av

    for name in ("png16", "tiff16"):
        data = FORMATS[name].encode(Picture(every_opaque_level()))
        context = av.CodecContext.create({"png16": "png", "tiff16": "tiff"}[name], "r")
        (frame,) = context.decode(av.Packet(data)) or context.decode(None)  # pyright: ignore
        values = frame.to_ndarray()
        assert values.dtype == np.uint16
        assert np.array_equal(values, every_opaque_level().astype(np.uint16) * 257)


def test_an_indexed_png_has_a_palette_of_up_to_256_colors_and_is_exact_with_more(soft: Rgba) -> None:
    def kind(rgba: Rgba) -> int:
        return FORMATS["png-indexed"].encode(Picture(rgba))[25]

    level = np.arange(256, dtype=np.uint8)
    most = np.dstack([level[:, None], level[:, None], level[:, None], 255 - level[:, None]])
    assert (kind(most), kind(soft)) == (3, 6)
    more = np.concatenate([most, np.array([[[9, 8, 7, 6]]], np.uint8)])
    assert kind(more) == 6


def test_a_psd_has_its_layers_and_a_hidden_group_of_marks(tmp_path: Path) -> None:
    from psd_tools import PSDImage

    line, painted = draw(0)
    paint_layer = np.where(line[..., 3:] > 0, np.uint8([200, 40, 50, 255]), painted)
    rgba = lay_over(line, paint_layer)
    mark = Mark("1: 62% sure", [[20, 30], [60, 30], [60, 60]])
    path = save(tmp_path, "psd", Picture(rgba, paint_layer, line, (mark,)))
    psd = PSDImage.open(path)
    below, over, group = psd
    assert [(layer.name, layer.kind, layer.visible) for layer in psd] == [
        ("paint", "pixel", True), ("line", "pixel", True), ("to check", "group", False)
    ]  # fmt: skip
    assert (below.opacity, over.opacity, group.opacity) == (255, 255, 153)
    assert np.array_equal(np.array(below.topil()), paint_layer) and np.array_equal(np.array(over.topil()), line)
    assert [(layer.name, layer.left, layer.top) for layer in group] == [("1: 62% sure", 17, 27)]
    assert np.array_equal(read_image(path), rgba), "what is seen is read again"
    again = read_paint_layer(path)
    assert again is not None and np.array_equal(again, paint_layer)
    assert np.array_equal(np.array(psd.topil()), rgba), "and other programs see the same"


def test_a_psd_that_is_cut_off_is_refused(tmp_path: Path, soft: Rgba) -> None:
    whole = save(tmp_path, "psd", Picture(soft)).read_bytes()
    path = tmp_path / "cut.0001.psd"
    for length in (10, 30, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ReadError, match=r"cut off|damaged"):
            read_image(path)
    path.write_bytes(whole[:30])
    with pytest.raises(ReadError, match="the layers cannot be read"):
        read_paint_layer(path)


def test_half_transparent_pixels_of_a_psd_stay_what_they_are_when_it_is_written_again(
    tmp_path: Path, soft: Rgba
) -> None:
    once = read_image(save(tmp_path, "psd", Picture(soft)))
    assert np.array_equal(once[soft[..., 3] == 255], soft[soft[..., 3] == 255])
    assert np.array_equal(once[..., 3], soft[..., 3])
    assert np.array_equal(read_image(save(tmp_path, "psd", Picture(once))), once)


def test_a_missing_extra_is_named_before_a_frame_is_painted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecolor.media.writers.base.find_spec", lambda module: None)
    root = make_shot(tmp_path / "cut", frames=2, keys=(0,))
    with pytest.raises(SettingsError, match=r"psd_tools is not installed; pip install 'framecolor\[psd\]'"):
        paint(root, format="psd")
    assert not (root / "color").exists()


def test_frames_that_a_format_cannot_hold_are_an_error_before_a_frame_is_painted() -> None:
    FORMATS["psd"].check("psd", (2, 30_000))
    with pytest.raises(SettingsError, match="format psd: frames of 30001x2 are larger than it can hold"):
        FORMATS["psd"].check("psd", (2, 30_001))
    FORMATS["png"].check("png", (2, 100_000))


def test_no_format_is_imported_before_it_is_used() -> None:
    program = (
        "import framecolor.media, sys; print([m for m in ('OpenImageIO', 'psd_tools', 'PIL') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shot of three drawings, two of them keys, to be painted beside it; never changed."""
    return make_shot(tmp_path_factory.mktemp("formats") / "cut", 3, (0, 2))


@pytest.fixture(scope="module")
def plain(shot: Path) -> dict[str, Path]:
    """How lines are shown -> the folder of its frames as PNG."""
    folders = {line: shot.parent / line for line in ("over", "layer")}
    with pytorch_alone():
        for line, out in folders.items():
            paint(shot, out, line=line)
    return folders


@pytest.mark.parametrize(
    "name, line", [*((name, "over") for name in PICTURES if name != "png"), ("exr", "layer"), ("psd", "layer")]
)
@pytest.mark.usefixtures("quick_engine")
def test_a_run_in_each_format(shot: Path, plain: dict[str, Path], tmp_path: Path, name: FormatName, line: str) -> None:
    """The pixels of the PNG run, files that are up to date, a report and scores that read them."""
    out, given = tmp_path / "out", {"format": name, "line": line}
    assert len(paint(shot, out, **given).written) == 3
    suffix = FORMATS[name].suffix
    for path in sorted(plain[line].glob("*.png")):
        assert_seen_alike(read_image((out / path.name).with_suffix(suffix)), read_image(path))
        if line == "layer":
            layer = (out / "line" / path.name).with_suffix(suffix)
            assert_seen_alike(read_image(layer), read_image(plain[line] / "line" / path.name))
    if line == "over":
        assert score_folders(out, plain[line], None).mean.exact == 1
    before = list_files(out)
    assert paint(shot, out, **given).written == ()
    assert list_files(out) == before
    assert "cut" in write_report(out).read_text("utf-8")
    victim = next(iter(sorted(out.glob(f"*{suffix}"))))
    content = victim.read_bytes()
    victim.unlink()
    assert paint(shot, out, **given).written == (1001,)
    assert victim.read_bytes() == content


@pytest.mark.usefixtures("quick_engine")
def test_a_painted_psd_can_be_taken_apart(shot: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    paint(shot, out, format="psd")
    path = out / "cut.1002.psd"
    below = read_paint_layer(path)
    assert below is not None and (0, 0, 0, 255) not in colors_of(below), "no line in the paint"
    assert np.array_equal(lay_over(draw(1)[0], below), read_image(path))


@pytest.mark.parametrize("name", ["psd", "exr", "tga"])
@pytest.mark.usefixtures("quick_engine")
def test_a_stencil_changes_nothing_around_it(shot: Path, tmp_path: Path, name: FormatName) -> None:
    out = tmp_path / "out"
    paint(shot, out, format=name)
    file = (out / "cut.1002.png").with_suffix(FORMATS[name].suffix)
    old = read_image(file)
    old_paint = read_paint_layer(file) if name == "psd" else None
    mask = np.zeros((*SIZE, 4), np.uint8)
    mask[30:60, 30:70] = 255
    write_bytes_atomic(tmp_path / "masks" / "1002.png", FORMATS["png"].encode(Picture(mask)))
    key, _ = draw(1)
    assert paint(shot, out, format=name, stencils=tmp_path / "masks").failed == {}
    new = read_image(file)
    around = mask[..., 3] == 0
    assert np.array_equal(new[around], old[around])
    assert (out / "keys" / "cut.1002.png").is_file(), "a key is a PNG whatever the frames are"
    if name == "psd":
        below = read_paint_layer(file)
        assert old_paint is not None and below is not None and np.array_equal(below[around], old_paint[around])
        assert np.array_equal(lay_over(key, below), new)


@pytest.mark.parametrize("name", ["png16", "png-indexed", "tga", "tiff", "tiff16", "exr"])
@pytest.mark.usefixtures("quick_engine")
def test_line_art_and_keys_in_each_format(plain: dict[str, Path], tmp_path: Path, name: FormatName) -> None:
    """Drawings and keys of any format give the frames of the same drawings as PNG, but for what clear pixels hold."""
    for step in range(3):
        line, painted = draw(step)
        files = {"line": line} | ({"keys": painted} if step != 1 else {})
        for role, rgba in files.items():
            path = tmp_path / role / f"cut.{1001 + step}{FORMATS[name].suffix}"
            write_bytes_atomic(path, FORMATS[name].encode(Picture(rgba)))
    paint(tmp_path)
    for number in (1001, 1002, 1003):
        frame, wanted = (read_image(out / f"cut.{number}.png") for out in (tmp_path / "color", plain["over"]))
        assert np.array_equal(frame[..., 3], wanted[..., 3])
        assert np.array_equal(frame[frame[..., 3] > 0], wanted[wanted[..., 3] > 0])
