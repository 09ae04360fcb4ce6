"""Write painted frames as a movie for review, timed by the exposure sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from framecolor.errors import InputError
from framecolor.media import PAINTED_SUFFIXES
from framecolor.media.movie_writer import MovieCodec
from framecolor.movie.timeline import USUAL_FPS, encode_movie, plan_exposures, stack_exposures
from framecolor.movie.tracks import open_layer, order_layers
from framecolor.output.find import find_output
from framecolor.shot.cut import find_cel, is_cut, list_cels
from framecolor.shot.sequence import list_images
from framecolor.shot.timing import NO_SHEET

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
    sheet       exposure sheet, .xdts or .csv; "none" for none; by default the shot's
    held        show every drawing for this many frames, without a sheet
    background  RGB under the frames, for h264

    Without a sheet every number is shown for one frame, and a missing number repeats the frame before it. Raises
    InputError if there are no painted frames, or they cannot be shown in one movie; ReadError if a frame or the sheet
    cannot be read; OutputError if the movie cannot be written. A failed movie leaves an old file unchanged.
    """
    paths = [Path(shots)] if isinstance(shots, str | Path) else list(map(Path, shots))
    sheet = NO_SHEET if held is not None else sheet
    shown = _choose_latest(paths)
    cel = find_cel(paths[0])
    cut = paths[0] if cel is None else cel.cut
    if len(shown) > 1 and held is not None:
        raise InputError(cut, "several cels cannot be shown without their sheet", "choose one cel with --cel")
    layers = [open_layer(shot, _find_frames(shot), None if sheet is None else Path(sheet)) for shot in shown]
    notes = [layer.note for layer in layers if layer.note]
    if len(layers) > 1:
        layers, notes = order_layers(cut, layers)
    timing = layers[0].timing
    plans = [plan_exposures(layer.files, layer.timing and layer.timing.exposures, held or 1) for layer in layers]
    rate = fps or (USUAL_FPS if timing is None else _find_rate(timing.fps))
    frames = encode_movie(Path(path), stack_exposures(plans), codec=codec, fps=rate, background=background)
    return WrittenMovie(Path(path), frames, rate, tuple(notes))


def _choose_latest(paths: Sequence[Path]) -> list[Path]:
    """Choose what to show: the cels of a cut, and the last named retake of each cel."""
    latest: dict[str, Path] = {}
    for path in paths:
        cels = list_cels(path) if path.is_dir() and is_cut(path) else []
        cel = find_cel(path)
        latest |= {each.layer: each.takes[-1] for each in cels} or {str(path) if cel is None else cel.layer: path}
    return list(latest.values())


def _find_frames(shot: Path) -> Path:
    """Find the folder of frames: a shot's painted frames, or any folder of numbered pictures. Raises InputError."""
    in_cut = find_cel(shot) is not None
    try:
        return find_output(shot, in_cut=in_cut)
    except InputError:
        if not in_cut and shot.is_dir() and not (shot / "line").is_dir() and list_images(shot, PAINTED_SUFFIXES):
            return shot
        raise


def _find_rate(fps: float) -> Fraction:
    """Find the exact rate of frames per second as sheets write them: 29.97 is 30000/1001."""
    ntsc = Fraction(round(fps) * 1000, 1001)
    if fps != round(fps) and abs(float(ntsc) - fps) < _NTSC_ROUNDING:
        return ntsc
    return Fraction(fps).limit_denominator(1001)
