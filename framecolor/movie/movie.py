"""Write painted frames as a movie for review, timed by the exposure sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from framecolor.media.movie_writer import MovieCodec
from framecolor.movie.timeline import USUAL_FPS, encode_movie, plan_exposures, stack_exposures
from framecolor.movie.tracks import check_stack, open_layers

# How far sheets round the rates of NTSC: 29.97 for 30000/1001.
_NTSC_ROUNDING = 0.005


@dataclass(frozen=True)
class WrittenMovie:
    """A written movie: its file, number of frames, frames per second, and notes for the user."""

    path: Path
    frames: int
    fps: Fraction
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Duration."""
        return float(self.frames / self.fps)


def write_movie(
    shots: str | Path | Sequence[str | Path],
    path: str | Path,
    *,
    codec: MovieCodec | None = None,
    fps: Fraction | None = None,
    sheet: str | Path | None = None,
    held: int | None = None,
    background: tuple[int, int, int] = (255, 255, 255),
) -> WrittenMovie:
    """Write painted frames as a movie.

    shots       a painted shot, a folder of painted or recolored frames, a cut, or several cels of a cut. Cels are shown
                over each other, each with the drawings of its last retake.
    path        the movie: .mov, .mkv or .mp4
    codec       prores (4444, with alpha), ffv1 (lossless) or h264; by default chosen by the suffix of `path`
    fps         frames per second; by default the exposure sheet's, or 24
    sheet       exposure sheet; "none" for none; by default the shot's
    held        show every drawing for this many frames, without a sheet
    background  RGB under the frames, for h264

    Without a sheet every number is shown for one frame, and a missing number repeats the frame before it. Raises
    InputError if there are no painted frames, or they cannot be shown in one movie; ReadError if a frame or the sheet
    cannot be read; OutputError if the movie cannot be written. A failed movie leaves an old file unchanged.
    """
    stack = open_layers(shots, None if sheet is None else Path(sheet), held)
    layers, notes = stack.layers, [*stack.notes, *check_stack(stack)]
    timing = layers[0].timing
    plans = [plan_exposures(layer.files, layer.timing and layer.timing.exposures, held or 1) for layer in layers]
    rate = fps or (USUAL_FPS if timing is None else _find_rate(timing.fps))
    frames = encode_movie(Path(path), stack_exposures(plans), codec=codec, fps=rate, background=background)
    return WrittenMovie(Path(path), frames, rate, tuple(notes))


def _find_rate(fps: float) -> Fraction:
    """Find the exact rate of frames per second as sheets write them: 29.97 is 30000/1001."""
    ntsc = Fraction(round(fps) * 1000, 1001)
    if fps != round(fps) and abs(float(ntsc) - fps) < _NTSC_ROUNDING:
        return ntsc
    return Fraction(fps).limit_denominator(1001)
