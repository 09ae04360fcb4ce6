"""Movies as they are handed over: cut off in any container, turned by a camera, with alpha in WebM."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from movie_files import Picture, write_movie
from numpy.typing import NDArray

from framecolor import ReadError
from framecolor.media import Movie, movies


def draw(count: int, size: tuple[int, int] = (48, 80)) -> list[Picture]:
    """Pictures that no turn leaves as they are, with a sign of each frame."""
    pictures: list[Picture] = []
    for index in range(count):
        picture = np.full((*size, 4), 255, np.uint8)
        picture[:20, :30, :3] = (200, 30, 40)
        picture[-10:, : 8 + 4 * index, :3] = (20, 60, 200)
        pictures.append(picture)
    return pictures


def write_turned(path: Path, pictures: list[Picture], degrees: float, *, hflip: bool = False) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=24)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = pictures[0].shape[1], pictures[0].shape[0], "rgba"
        stream.set_display_rotation(degrees, hflip=hflip)
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgba")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("hflip", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_movies_are_shown_upright(tmp_path: Path, degrees: int, hflip: bool) -> None:
    pictures = draw(3)
    movie = Movie.open(write_turned(tmp_path / "a.mov", pictures, degrees, hflip=hflip))
    for index, picture in enumerate(pictures):
        expected: NDArray[np.uint8] = np.rot90(picture, degrees // 90)  # counterclockwise, as in the file
        expected = expected[:, ::-1] if hflip else expected
        assert movie.size == expected.shape[:2]
        np.testing.assert_array_equal(movie.read(index), expected)


def test_a_movie_that_is_turned_askew_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="multiple of 90 degrees"):
        Movie.open(write_turned(tmp_path / "a.mov", draw(1), 30))


@pytest.mark.parametrize(("ending", "codec"), [("mkv", "ffv1"), ("webm", "libvpx-vp9"), ("avi", "ffv1")])
@pytest.mark.parametrize("paced", [True, False])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.95])
def test_a_movie_that_ends_early_is_cut_off(tmp_path: Path, ending: str, codec: str, paced: bool, share: float) -> None:
    """Also if its times say nothing of its length: that of the file does."""
    rng = np.random.default_rng(2)
    noise = [rng.integers(0, 256, (48, 80, 3), dtype=np.uint8) for _ in range(6)]
    frames = [av.VideoFrame.from_ndarray(picture, format="rgb24") for picture in noise]
    frames = [frame.reformat(format="yuv420p" if ending == "webm" else "bgra") for frame in frames]
    for frame in frames if not paced and ending == "mkv" else ():
        frame.pts = 0
    path = write_movie(tmp_path / f"a.{ending}", frames, codec)
    assert len(Movie.open(path)) == 6
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ReadError, match="cut off"):
        Movie.open(path)


@pytest.mark.parametrize("codec", ["libvpx-vp9", "libvpx"])
def test_alpha_of_webm_is_read(tmp_path: Path, codec: str) -> None:
    picture = np.full((48, 80, 4), 255, np.uint8)
    picture[..., :3] = 40
    picture[8:30, 10:60, 3] = 0
    frame = av.VideoFrame.from_ndarray(picture, format="rgba").reformat(format="yuva420p")
    path = write_alpha(tmp_path / "lines.webm", [frame] * 3, codec)
    movie = Movie.open(path)
    for _, pixels in movie.frames():
        assert not isinstance(pixels, ReadError)
        assert np.abs(pixels[..., 3].astype(int) - picture[..., 3]).max() <= 40
        assert pixels[15, 30, 3] < 10 and pixels[2, 2, 3] > 245


def test_alpha_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = av.VideoFrame.from_ndarray(draw(1)[0], format="rgba").reformat(format="yuva420p")
    path = write_alpha(tmp_path / "lines.webm", [frame], "libvpx-vp9")
    monkeypatch.setattr(movies.av, "codecs_available", set[str]())
    with pytest.raises(ReadError, match="alpha of WebM is not read here; export it as ProRes 4444"):
        Movie.open(path)


def write_alpha(path: Path, frames: list[av.VideoFrame], codec: str) -> Path:
    with av.open(str(path), "w") as container:
        options = {"lossless": "1"} if codec == "libvpx-vp9" else {"crf": "4", "b": "4M", "auto-alt-ref": "0"}
        stream = container.add_stream(codec, rate=24, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuva420p"
        for index, frame in enumerate(frames):
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
