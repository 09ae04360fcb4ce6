"""Movies: frame counts, random access, colors as tagged, broken frames and broken files."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from movie_files import Picture, write_lossless, write_movie

from framecolor import ReadError
from framecolor.media.movies import Movie, is_movie


def draw(count: int, height: int = 96, width: int = 128) -> list[Picture]:
    """Flat blocks of color that change with every frame."""
    blocks = np.random.default_rng(3).integers(0, 256, (count, 4, 4, 4), dtype=np.uint8)
    blocks[..., 3] = 255
    return [block.repeat(height // 4, axis=0).repeat(width // 4, axis=1) for block in blocks]


def read_all(movie: Movie, start: int = 0) -> dict[int, Picture | ReadError]:
    return dict(movie.frames(start))


@pytest.mark.parametrize("ending", ["mkv", "mov", "avi"])
def test_lossless_movies_come_back_to_the_bit(tmp_path: Path, ending: str) -> None:
    pictures = draw(9)
    pictures[4][..., 3] = 77
    movie = Movie.open(write_lossless(tmp_path / f"a.{ending}", pictures))
    assert len(movie) == 9
    assert movie.size == (96, 128)
    assert "9 frames, 128x96" in repr(movie)
    for _ in range(2):
        frames = read_all(movie)
        assert list(frames) == list(range(9))
        for index, picture in enumerate(pictures):
            np.testing.assert_array_equal(frames[index], picture)


@pytest.mark.parametrize(("codec", "ending"), [("ffv1", "mkv"), ("libx264", "mp4"), ("libx264", "avi")])
def test_reading_any_frame_alone_gives_the_same_as_reading_all(tmp_path: Path, codec: str, ending: str) -> None:
    frames = [
        av.VideoFrame.from_ndarray(p[..., :3].copy(), format="rgb24").reformat(format="yuv420p") for p in draw(40)
    ]
    movie = Movie.open(write_movie(tmp_path / f"a.{ending}", frames, codec, g="12"))
    walked = read_all(movie)
    assert list(walked) == list(range(40))
    for start in (39, 0, 13, 24, 12, 11):
        np.testing.assert_array_equal(movie.read(start), walked[start])
        rest = read_all(movie, start)
        assert list(rest) == list(range(start, 40))
        np.testing.assert_array_equal(rest[39], walked[39])
    with pytest.raises(IndexError):
        movie.read(40)


# Y, Cb, Cr of the standards' formulas, from RGB in 0..1.
WEIGHTS = {"709": (0.2126, 0.0722), "601": (0.299, 0.114)}


def encode_color(rgb: tuple[int, int, int], standard: str, *, full: bool) -> tuple[int, int, int]:
    red_weight, blue_weight = WEIGHTS[standard]
    red, green, blue = (value / 255 for value in rgb)
    luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    cb, cr = (blue - luma) / (2 - 2 * blue_weight), (red - luma) / (2 - 2 * red_weight)
    if full:
        return round(255 * luma), min(255, round(128 + 255 * cb)), min(255, round(128 + 255 * cr))
    return round(16 + 219 * luma), round(128 + 224 * cb), round(128 + 224 * cr)


@pytest.mark.parametrize(
    ("standard", "tag", "full", "height"),
    [
        ("709", 1, False, 96),
        ("709", 1, True, 96),
        ("601", 5, False, 720),
        ("601", 6, True, 96),
        ("709", 2, False, 720),  # 2: not tagged
        ("601", 2, False, 480),
    ],
)
def test_h264_colors_follow_the_tags(tmp_path: Path, standard: str, tag: int, full: bool, height: int) -> None:
    colors = [(255, 0, 0), (0, 200, 0), (20, 30, 250), (255, 255, 255), (0, 0, 0), (240, 190, 160)]
    frames = []
    for color in colors:
        frame = av.VideoFrame(64, height, "yuv420p")
        for plane, value in zip(frame.planes, encode_color(color, standard, full=full), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.colorspace, frame.color_range = tag, 2 if full else 1
        frames.append(frame)
    movie = Movie.open(write_movie(tmp_path / "a.mp4", frames, "libx264", qp="0"))
    for index, pixels in movie.frames():
        assert not isinstance(pixels, ReadError)
        assert np.abs(pixels.astype(int) - (*colors[index], 255)).max() <= 2, colors[index]


def test_prores_4444_keeps_alpha(tmp_path: Path) -> None:
    picture = draw(1)[0]
    picture[:, 64:, 3] = 0
    picture[:48, :, 3] = 128
    frame = av.VideoFrame.from_ndarray(picture, format="rgba")
    frame = frame.reformat(format="yuva444p10le", dst_colorspace="ITU709", dst_color_range="MPEG")
    frame.colorspace, frame.color_range = 1, 1
    movie = Movie.open(write_movie(tmp_path / "a.mov", [frame], "prores_ks", profile="4444"))
    assert np.abs(movie.read(0).astype(int) - picture).max() <= 2


def test_a_damaged_frame_does_not_affect_others(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    pictures = [rng.integers(0, 256, (96, 128, 4), dtype=np.uint8) for _ in range(8)]
    path = write_lossless(tmp_path / "a.mov", pictures)
    data = bytearray(path.read_bytes())
    middle = len(data) * 9 // 16  # inside of the fifth frame: all are of nearly the same size
    data[middle : middle + 40] = bytes(byte ^ 0x5A for byte in data[middle : middle + 40])
    path.write_bytes(data)
    frames = read_all(Movie.open(path))
    broken = [index for index, pixels in frames.items() if isinstance(pixels, ReadError)]
    assert broken == [4]
    assert str(frames[4]) == f"{path}: frame 5 cannot be decoded; export the movie again"
    for index in (3, 5, 7):
        np.testing.assert_array_equal(frames[index], pictures[index])
        np.testing.assert_array_equal(Movie.open(path).read(index), pictures[index])
    with pytest.raises(ReadError, match="frame 5"):
        Movie.open(path).read(4)


@pytest.mark.parametrize("ending", ["mkv", "mov", "avi"])
def test_a_movie_that_is_cut_off_is_an_error(tmp_path: Path, ending: str) -> None:
    path = write_lossless(tmp_path / f"a.{ending}", draw(24))
    data = path.read_bytes()
    for length in (len(data) * 2 // 3, len(data) // 3, 20):
        path.write_bytes(data[:length])
        with pytest.raises(ReadError, match=r"cut off") as caught:
            Movie.open(path)
        assert path.name in str(caught.value)
        assert caught.value.fix


def test_files_that_are_no_movies(tmp_path: Path) -> None:
    for name, data, problem in [
        ("none.mov", None, "no such file"),
        ("empty.mov", b"", "empty"),
        ("text.mov", b"hello" * 50, "not a movie"),
    ]:
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(ReadError, match=problem) as caught:
            Movie.open(tmp_path / name)
        assert name in str(caught.value)
    sound = tmp_path / "sound.mov"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
    with pytest.raises(ReadError, match="no picture"):
        Movie.open(sound)


def test_is_movie_goes_by_the_ending(tmp_path: Path) -> None:
    (tmp_path / "folder.mov").mkdir()
    assert is_movie("a/b.MOV")
    assert is_movie(tmp_path / "not there.mkv")
    assert not is_movie("a/b.png")
    assert not is_movie(tmp_path / "folder.mov")
