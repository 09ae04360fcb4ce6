"""framecolor evaluate: score painted frames by the field's metrics, chained or teacher-forced."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.options import PATH, gather_settings, setting_option

if TYPE_CHECKING:
    from framecolor.evaluation.metrics import FrameScore, ShotScore

_PROTOCOLS = ("chained", "teacher-forced")

# Columns of the table: field of FrameScore, heading, decimals. JSON holds all fields.
_COLUMNS = (
    ("regions", "regions", 0),
    ("acc", "Acc", 4),
    ("acc_thres", "Acc-Thres", 4),
    ("pix_acc", "Pix-Acc", 4),
    ("pix_f_acc", "Pix-F-Acc", 4),
    ("pix_b_miou", "Pix-B-MIoU", 4),
    ("exact", "exact", 4),
    ("ciede2000", "CIEDE2000", 2),
    ("psnr_db", "PSNR", 2),
    ("ssim", "SSIM", 4),
    ("flicker", "flicker", 4),
    ("line_change", "line change", 0),
)


@click.command()
@click.argument("pred", type=PATH)
@click.argument("truth", type=PATH)
@click.option("--line", type=PATH, help="Folder of line art, read as colorize does, whose regions are scored.")
@click.option("--tolerance", type=click.IntRange(0, 255), default=0, show_default=True,
              help="Largest difference per channel that counts as the same color.")  # fmt: skip
@click.option("--skip", metavar="FRAMES", default="", help="Frames to leave out, such as the keys: 1,9,17 or 1-40x8.")
@click.option("--protocol", type=click.Choice(_PROTOCOLS), default="chained", show_default=True,
              help="teacher-forced: PRED is a shot, and each drawing is painted from the truth.")  # fmt: skip
@setting_option("fit", help="With teacher-forced: fit a network to the keys, as in colorize.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: the mean and every frame.")
@click.option("--per-frame", is_flag=True, help="Print a line per frame above the mean.")
def evaluate(
    pred: Path,
    truth: Path,
    line: Path | None,
    tolerance: int,
    skip: str,
    protocol: str,
    fit: int | str | None,
    as_json: bool,
    per_frame: bool,
) -> None:
    """Compare the painted frames in PRED with those in TRUTH, by frame number.

    Shares are from 0 to 1: Acc of the regions, Acc-Thres of regions of more than 10 pixels, Pix-Acc of their pixels,
    Pix-F-Acc of pixels that are not background.

    \b
    The literature's protocol paints each drawing of a shot from the true colors of the drawing before it. PRED is then
    a shot folder, and its keys are not scored:
      framecolor evaluate cut_012 truth --protocol teacher-forced

    \b
    Example:
      framecolor evaluate cut_012/color truth --skip 1,25
    """
    if protocol == "chained" and fit is not None:
        raise click.UsageError("--fit needs --protocol teacher-forced: otherwise PRED is painted already")
    skipped = _choose_frames(skip, truth)
    if protocol == "teacher-forced":
        score = _score_teacher_forced(pred, truth, line, tolerance, skipped, {"fit": fit})
    else:
        from framecolor.evaluation.metrics import score_folders

        score = score_folders(pred, truth, line, tolerance=tolerance, skip=skipped, tell=_note)
    if as_json:
        rows = {str(number): asdict(frame) for number, frame in score.frames.items()}
        click.echo(json.dumps({"mean": asdict(score.mean), "frames": rows}, indent=1))
        return
    click.echo(_format_table(score, per_frame))


def _score_teacher_forced(
    path: Path, truth: Path, line: Path | None, tolerance: int, skip: frozenset[int], given: dict[str, Any]
) -> ShotScore:
    """Paint and score a shot drawing by drawing. Regions come from the drawings in `line`; if None, from the shot's."""
    from framecolor.errors import InputError
    from framecolor.evaluation.line_reader import open_drawings, read_by_style
    from framecolor.evaluation.metrics import score_sequence
    from framecolor.evaluation.metrics.score import list_frames
    from framecolor.evaluation.teacher_forced import paint_teacher_forced
    from framecolor.keys.drawing_style import find_style
    from framecolor.media import read_image
    from framecolor.shot.shot import Shot

    shot, true = Shot.open(path), list_frames(truth)
    lines = None if line is None else list_frames(line)
    for folder, files in ((truth, true), (line, lines)):
        missing = [] if files is None else [number for number in shot.numbers if number not in files]
        if missing and folder is not None:
            raise InputError(folder, f"has no frame {missing[0]}, which {path} has", "add it: every drawing needs one")
    settings = gather_settings(shot.root, given)
    if lines is None:
        style = find_style(shot, settings)
        read_line, notes = read_by_style(shot.read_line, style), style.notes
    else:
        read_line, notes = open_drawings(lines, true)
    for note in notes:
        _note(note)
    painted = paint_teacher_forced(shot, lambda number: read_image(true[number]), settings, shot.out)
    return score_sequence(
        shot.numbers,
        lambda number: next(painted)[1],
        lambda number: read_image(true[number]),
        read_line,
        tolerance=tolerance,
        skip={*skip, *shot.keys, shot.numbers[0]},
    )


def _note(text: str) -> None:
    click.echo(f"note: {text}", err=True)


def _choose_frames(text: str, truth: Path) -> frozenset[int]:
    """Return the frames of the folder `truth` that --skip names. Raises SettingsError if its text is malformed."""
    from framecolor.core.number_ranges import parse_number_ranges
    from framecolor.errors import SettingsError
    from framecolor.evaluation.metrics.score import list_frames

    try:
        ranges = parse_number_ranges(text) if text.strip() else []
    except ValueError:
        raise SettingsError("--skip", f"{text!r} is not a list of frames", "write it like 1,9,17a or 1-40x8") from None
    return frozenset(number for number in list_frames(truth) if any(number in numbers for numbers in ranges))


def _format_table(score: ShotScore, per_frame: bool) -> str:
    def cells(title: str, frame: FrameScore) -> list[str]:
        values = ((getattr(frame, name), decimals) for name, _, decimals in _COLUMNS)
        return [title, *("-" if value is None else f"{value:.{decimals}f}" for value, decimals in values)]

    rows = [["frame", *(heading for _, heading, _ in _COLUMNS)]]
    if per_frame:
        rows += [cells(str(number), frame) for number, frame in score.frames.items()]
    rows.append(cells("mean", score.mean))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    count = len(score.frames)
    return "\n".join([*lines, f"{count} frame{'s' if count != 1 else ''}; line change is the maximum, not the mean"])
