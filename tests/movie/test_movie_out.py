"""Movies for review: what each codec keeps, how colors are tagged, and which frame is shown when."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from drawings import COAT, PAPER, SCARF, SKIN, draw
from numpy.typing import NDArray
from painting import copy_shot

from framecolor import InputError, OutputError, ReadError
from framecolor.cli import main
from framecolor.media import Movie, read_image, write_image
from framecolor.media.movie_writer import MovieCodec, MovieWriter, choose_codec
from framecolor.movie.timeline import Exposure, encode_movie, list_painted, plan_exposures, stack_exposures

Rgba = NDArray[np.uint8]

# What a rendering with BT.601's matrix would shift by ten levels and more.
SATURATED = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (1, 2, 3), (128, 128, 128), SKIN[:3], SCARF[:3]]


def draw_bars(step: int, size: tuple[int, int] = (97, 131)) -> Rgba:
    """Bars of saturated color on transparent paper, below them every kind of alpha, at an odd size."""
    picture = np.zeros((*size, 4), np.uint8)
    picture[:] = PAPER
    for i, color in enumerate(SATURATED):
        picture[:64, 16 * i + step : 16 * i + step + 16] = (*color, 255)
    picture[80:] = np.random.default_rng(step).integers(0, 256, (size[0] - 80, size[1], 4), dtype=np.uint8)
    return picture


def write(path: Path, frames: list[Rgba], codec: MovieCodec | None = None, **given: Any) -> list[Rgba]:
    """Write a movie and read it again."""
    with MovieWriter(path, frames[0].shape[:2], codec=codec, **given) as movie:
        for rgba in frames:
            movie.write(rgba)
    found = [pixels for _, pixels in Movie.open(path).frames()]
    assert not [pixels for pixels in found if isinstance(pixels, ReadError)]
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    return found  # pyright: ignore[reportReturnType]


def difference(a: Rgba, b: Rgba) -> int:
    return int(np.abs(a.astype(int) - b).max())


def test_ffv1_comes_back_to_the_bit(tmp_path: Path) -> None:
    frames = [draw_bars(step) for step in range(5)]
    back = write(tmp_path / "a.mkv", frames, "ffv1")
    assert len(back) == 5
    assert all(np.array_equal(one, other) for one, other in zip(frames, back, strict=True))


@pytest.mark.parametrize("ending", [".mov", ".mkv"])
def test_prores_keeps_color_and_alpha_within_two_levels(tmp_path: Path, ending: str) -> None:
    frames = [draw_bars(step) for step in range(3)]
    back = write(tmp_path / f"a{ending}", frames, "prores")
    assert max(difference(one, other) for one, other in zip(frames, back, strict=True)) <= 2
    assert np.array_equal(frames[0][:64, 20:120, 3], back[0][:64, 20:120, 3])


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_h264_has_flat_colors_over_a_background_at_an_even_size(tmp_path: Path, ending: str) -> None:
    frames = [draw_bars(step) for step in range(3)]
    for frame in frames:
        frame[80:] = PAPER
    for step, back in enumerate(write(tmp_path / f"a{ending}", frames, "h264", background=(40, 80, 120))):
        assert back.shape == (98, 132, 4) and (back[..., 3] == 255).all()
        for i, color in enumerate(SATURATED):
            middle = back[8:56, 16 * i + step + 6 : 16 * i + step + 10, :3]
            assert difference(middle, np.uint8(color)) <= 4, color
        assert difference(back[68:76, :, :3], np.uint8((40, 80, 120))) <= 4
        assert difference(back[10:50, 131, :3], np.uint8((40, 80, 120))) <= 12, "the column that was added"


@pytest.mark.parametrize("codec, ending", [("prores", ".mov"), ("ffv1", ".mkv"), ("h264", ".mp4"), ("h264", ".mov")])
def test_colors_are_tagged_as_what_they_are(tmp_path: Path, codec: MovieCodec, ending: str) -> None:
    write(tmp_path / f"a{ending}", [draw_bars(0)] * 3, codec, fps=Fraction(24000, 1001))
    with av.open(str(tmp_path / f"a{ending}")) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        tags = [int(tag) for tag in (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc)]
    assert stream.average_rate == Fraction(24000, 1001)
    rgb, limited, full, bt709 = 0, 1, 2, 1
    assert tags == ([rgb, full, bt709, bt709] if codec == "ffv1" else [bt709, limited, bt709, bt709])


def test_the_same_frames_are_the_same_file(tmp_path: Path) -> None:
    for name in ("a.mov", "a.mkv", "a.mp4"):
        data = []
        for folder in ("one", "two"):
            path = tmp_path / folder / Path(name).suffix[1:] / name
            write(path, [draw_bars(0), draw_bars(1)])
            data.append(path.read_bytes())
        assert data[0] == data[1], name


def test_endings_and_codecs(tmp_path: Path) -> None:
    assert [choose_codec(Path(name)) for name in ("a.mov", "a.MKV", "a.mp4")] == ["prores", "ffv1", "h264"]
    with pytest.raises(OutputError, match=r"prores does not go into \.mp4; use \.mov or \.mkv"):
        choose_codec(Path("a.mp4"), "prores")
    for name in ("a.avi", "a"):
        with pytest.raises(OutputError, match=r"use \.mov, \.mkv or \.mp4"):
            choose_codec(Path(name))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        MovieWriter(tmp_path / "file" / "a.mov", (8, 8))


def test_a_movie_that_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    path.write_text("old")
    with pytest.raises(ValueError, match="a frame must be uint8 8x8x4"), MovieWriter(path, (8, 8)) as movie:
        movie.write(np.zeros((8, 8, 4), np.uint8))
        movie.write(np.zeros((9, 8, 4), np.uint8))
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.mov", "old")]
    write_image(tmp_path / "f.1.png", np.zeros((8, 8, 4), np.uint8))
    write_image(tmp_path / "f.2.png", np.zeros((9, 8, 4), np.uint8))
    with pytest.raises(ReadError, match="is 8x9, the first frame is 8x8"):
        encode_movie(path, plan_exposures(list_painted(tmp_path)))
    (tmp_path / "f.2.png").write_bytes(b"broken")
    with pytest.raises(ReadError):
        encode_movie(path, plan_exposures(list_painted(tmp_path)))
    assert path.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mov", "f.1.png", "f.2.png"]


def test_what_is_shown_when() -> None:
    one, two, five = (Path(f"f.{number}.png") for number in (1, 2, 5))
    files = {1: one, 2: two, 5: five}
    assert plan_exposures(files) == [Exposure((one,), 1), Exposure((two,), 3), Exposure((five,), 1)], "a gap holds"
    assert plan_exposures(files, held=2) == [Exposure((one,), 2), Exposure((two,), 6), Exposure((five,), 2)]
    sheet = [None, 3, 2, 2, 4, None, None, 1, 1]
    shown = [Exposure((), 2), Exposure((two,), 3), Exposure((), 2), Exposure((one,), 2)]
    assert plan_exposures(files, sheet) == shown
    assert stack_exposures([shown]) == shown
    over = [Exposure((five,), 3), Exposure((), 2)]
    assert stack_exposures([shown, over]) == [
        Exposure((five,), 2), Exposure((two, five), 1), Exposure((two,), 2), *shown[2:]
    ]  # fmt: skip
    with pytest.raises(InputError, match="would show no frame"):
        encode_movie(Path("a.mov"), plan_exposures(files, [None, 7]))


def test_only_files_of_the_folder_are_frames(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no painted frames"):
        list_painted(tmp_path)
    entry = '{"number": %d, "file": "%s", "status": "painted"}'
    frames = ",".join([entry % (1, "a.1.png"), entry % (2, "../b.2.png"), entry % (3, "gone.3.png")])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "framecolor.json").write_text(
        '{"format": 1, "shot": "a", "size": [4, 4], "palette": [], "frames": [' + frames + "]}"
    )
    for name in ("out/a.1.png", "b.2.png", "out/other.1.png"):
        write_image(tmp_path / name, draw(0)[1])
    assert list_painted(tmp_path / "out") == {1: tmp_path / "out" / "a.1.png"}


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["movie", *map(str, words)])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_the_command(painted_shot: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = copy_shot(painted_shot, tmp_path / "cut")
    frames = [read_image(path) for path in sorted((root / "color").glob("*.png"))]
    assert run(root, "-o", tmp_path / "review.mkv", "--on", 2, "--fps", "12.5") == 0
    assert "review.mkv: 14 frames, 1.12 s" in capsys.readouterr().out
    found = [pixels for _, pixels in Movie.open(tmp_path / "review.mkv").frames()]
    assert all(np.array_equal(found[2 * i + k], frame) for i, frame in enumerate(frames) for k in (0, 1))
    (root / "sheet.csv").write_text("Frame,cut\n1,1003\n2,\n3,1001\n4,1001\n")
    assert run(root, "-o", tmp_path / "sheet.mkv") == 0
    found = [pixels for _, pixels in Movie.open(tmp_path / "sheet.mkv").frames()]
    assert len(found) == 4
    assert np.array_equal(found[0], frames[2]) and np.array_equal(found[3], frames[0])
    assert run(root / "color", "-o", tmp_path / "timed.mkv") == 0, "its manifest names the shot"
    assert len(Movie.open(tmp_path / "timed.mkv")) == 4
    assert "note" not in capsys.readouterr().err
    (root / "color").rename(tmp_path / "frames")
    (tmp_path / "frames/framecolor.json").unlink()
    assert run(tmp_path / "frames", "-o", tmp_path / "all.mp4") == 0, "frames alone know of no sheet"
    note = "note: no exposure sheet: every drawing is shown for one frame; name it with --sheet\n"
    assert capsys.readouterr().err == note
    assert len(Movie.open(tmp_path / "all.mp4")) == 7
    body = Movie.open(tmp_path / "all.mp4").read(0)[62, 36]
    assert difference(body, np.uint8(COAT)) <= 4


def test_what_the_command_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_image(tmp_path / "f" / "f.1.png", draw(0)[1])
    for words, problem in (
        (["f", "-o", "a.avi"], "movies are not written as .avi"),
        (["f", "-o", "a.mov", "--fps", "1/0"], "is not a rate"),
        (["f", "-o", "a.mov", "--background", "red"], "is not a color"),
        (["f", "-o", "a.mov", "--on", "2", "--sheet", "s.csv"], "give one of them"),
        (["none", "-o", "a.mov"], "is not a folder"),
    ):
        assert run(*(tmp_path / word if word in ("f", "none", "a.mov", "a.avi") else word for word in words)) == 2
        assert problem in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
