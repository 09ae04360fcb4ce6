"""Score one frame, a sequence of frames, or two folders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color
from framecolor.core.types import Frame
from framecolor.errors import InputError
from framecolor.evaluation.line_reader import open_drawings
from framecolor.evaluation.metrics.pictures import line_change, mean_ciede2000, psnr, ssim
from framecolor.evaluation.metrics.regions import (
    RegionVotes,
    label_line_art,
    label_lines,
    label_truth,
    measure_flicker,
    near,
    pack_rgb,
    vote_regions,
)
from framecolor.lineart.lines import read_drawing
from framecolor.media import read_image
from framecolor.media.levels.member import is_level
from framecolor.shot import sequence

Rgba = NDArray[np.uint8]

# Acc-Thres leaves out regions of this many pixels or fewer.
SMALL_REGION_PX = 10


@dataclass(frozen=True)
class FrameScore:
    """Scores of one painted frame against the truth. Shares are in [0, 1]; None if there was nothing to measure.

    regions      number of regions
    acc          share of regions whose most frequent color is right ("Acc")
    acc_thres    the same over regions of more than 10 pixels ("Acc-Thres")
    pix_acc      share of region area that lies in right regions ("Pix-Acc")
    pix_f_acc    the same over regions whose true color is not background ("Pix-F-Acc")
    pix_b_miou   area of background in both / area of background in either ("Pix-B-MIoU"); 1 without background
    exact        share of region pixels whose own color is right, whatever the region's
    ciede2000    mean color difference over the whole picture
    psnr_db      at most 100
    ssim         Gaussian window of 11 px, mean over red, green and blue
    line_change  largest change of an ink pixel, 0..255; needs line art
    flicker      share of figure area that changes its color from the previous frame while the truth does not
    """

    regions: float
    acc: float | None
    acc_thres: float | None
    pix_acc: float | None
    pix_f_acc: float | None
    pix_b_miou: float
    exact: float | None
    ciede2000: float
    psnr_db: float
    ssim: float
    line_change: float | None = None
    flicker: float | None = None


@dataclass(frozen=True)
class ShotScore:
    """Scores by frame number, in order; never empty."""

    frames: Mapping[int, FrameScore]

    @property
    def mean(self) -> FrameScore:
        """Mean over the frames that have the value, but the largest `line_change`: no line may change in any frame."""
        values: dict[str, Any] = {}
        for name in (field.name for field in fields(FrameScore)):
            known = [value for score in self.frames.values() if (value := getattr(score, name)) is not None]
            values[name] = None if not known else max(known) if name == "line_change" else float(np.mean(known))
        return FrameScore(**values)


def score_frame(pred: Rgba, true: Rgba, line: Rgba | Frame | None = None, tolerance: int = 0) -> FrameScore:
    """Score one frame; `flicker` is None, since it needs two.

    pred, true, line  uint8 HxWx4 straight RGBA of one size; regions come from the line art or, without it, the truth.
                      Line art that is no clean digital drawing is a `Frame`, its lines
    tolerance         largest difference per channel (0..255) that counts as the same color

    Raises ValueError if sizes differ.
    """
    return _score(pred, true, line, tolerance)[0]


def _score(pred: Rgba, true: Rgba, line: Rgba | Frame | None, tolerance: int) -> tuple[FrameScore, RegionVotes]:
    for name, other in (("prediction", pred), ("line art", line.ink if isinstance(line, Frame) else line)):
        if other is not None and other.shape != true.shape:
            raise ValueError(f"the {name} is {_size(other)}, the truth is {_size(true)}")
    pred_rgb, true_rgb = lay_over_color(pred), lay_over_color(true)
    if line is None:
        ink, labels = None, label_truth(true_rgb)
    elif isinstance(line, Frame):
        ink, labels = line.ink, label_lines(line)
    else:
        ink = read_drawing(0, line).ink
        labels = label_line_art(line, ink)
    pred_codes, true_codes = pack_rgb(pred_rgb), pack_rgb(true_rgb)
    votes = vote_regions(labels, true_codes, pred_codes, tolerance)
    area, right = votes.area, votes.right
    large, figure = area > SMALL_REGION_PX, ~votes.true_background
    inside = labels > 0
    either = area[votes.pred_background | votes.true_background].sum()
    score = FrameScore(
        regions=len(area),
        acc=_mean(right),
        acc_thres=_mean(right[large]),
        pix_acc=_mean(right, area),
        pix_f_acc=_mean(right[figure], area[figure]),
        pix_b_miou=float(area[votes.pred_background & votes.true_background].sum() / either) if either else 1.0,
        exact=_mean(near(pred_codes[inside], true_codes[inside], tolerance)),
        ciede2000=mean_ciede2000(pred_rgb, true_rgb),
        psnr_db=psnr(pred_rgb, true_rgb),
        ssim=ssim(pred_rgb, true_rgb),
        line_change=None if ink is None else line_change(pred_rgb, ink),
    )
    return score, votes


def _mean(right: NDArray[np.bool_], weight: NDArray[np.int64] | None = None) -> float | None:
    return float(np.average(right, weights=weight)) if len(right) else None


def score_sequence(
    numbers: Iterable[int],
    read_pred: Callable[[int], Rgba | None],
    read_true: Callable[[int], Rgba],
    read_line: Callable[[int], Rgba | Frame] | None = None,
    *,
    tolerance: int = 0,
    skip: Collection[int] = (),
) -> ShotScore:
    """Score frames in the given order, with two in memory at a time.

    The readers return uint8 HxWx4 for a frame number, `read_line` line art as for `score_frame`. A number in `skip` is
    not scored, but the flicker of the next frame is measured against it, unless `read_pred` returns None for it. Raises
    InputError if no frame is left to score or sizes differ.
    """
    scores: dict[int, FrameScore] = {}
    before: RegionVotes | None = None
    for number in numbers:
        pred = read_pred(number)
        if pred is None:
            before = None
            continue
        line = None if read_line is None else read_line(number)
        try:
            score, votes = _score(pred, read_true(number), line, tolerance)
        except ValueError as error:
            raise InputError(f"frame {number}", str(error), "compare frames of one size") from error
        if number not in skip:
            flicker = None if before is None else measure_flicker(before, votes)
            scores[number] = replace(score, flicker=flicker)
        before = votes
    if not scores:
        raise InputError("evaluate", "no frame is left to score", "skip fewer frames")
    return ShotScore(scores)


def score_folders(
    pred: Path,
    truth: Path,
    line: Path | None = None,
    *,
    tolerance: int = 0,
    skip: Collection[int] = (),
    tell: Callable[[str], object] = str,
) -> ShotScore:
    """Score each true frame against the painted frame of the same number (the last digits of the file name).

    tell  is called with notes on how the line art is read, if it is no clean digital drawing; does nothing by default

    Painted frames without a truth are ignored. Raises InputError if a folder is missing or empty, two files have the
    same number, a true frame that is not skipped has no painted frame or line art, or sizes differ.
    """
    painted, wanted = list_frames(pred), list_frames(truth)
    drawings = None if line is None else list_frames(line)
    scored = [number for number in wanted if number not in skip]
    for folder, files in ((pred, painted), (line, drawings)):
        missing = [] if files is None else [number for number in scored if number not in files]
        if missing and folder is not None:
            raise InputError(folder, f"lacks {_name(missing)} of {truth}", "add them, or leave them out with --skip")
    # The regions of a skipped frame without line art would differ from its neighbors': leave it out.
    known = painted if drawings is None else {number: path for number, path in painted.items() if number in drawings}
    read_line = None
    if drawings is not None:
        read_line, notes = open_drawings(drawings, wanted)
        for note in notes:
            tell(note)
    return score_sequence(
        wanted,
        lambda number: read_image(known[number]) if number in known else None,
        lambda number: read_image(wanted[number]),
        read_line,
        tolerance=tolerance,
        skip=skip,
    )


def list_frames(folder: Path) -> dict[int, Path]:
    """List the numbered pictures of a folder, or the drawings of a level. Returns number -> file, in order.

    Raises InputError if there are none.
    """
    if not folder.is_dir() and not is_level(folder):
        raise InputError(folder, "is not a folder", "give a folder of numbered pictures")
    frames = sequence.list_frames(folder)
    if not frames:
        raise InputError(folder, "holds no numbered pictures", "give a folder of frames such as name.0001.png")
    return frames


def _name(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
    return f"frame{'s' if len(numbers) > 1 else ''} {shown}"


def _size(picture: Rgba) -> str:
    return f"{picture.shape[1]}x{picture.shape[0]}"
