"""Writing report.html: one file, no network, nothing but what the shot's manifest and pictures say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from framecolor.core.cpu import count_usable_cores
from framecolor.core.stages import overlapped
from framecolor.core.text import format_command
from framecolor.errors import on_one_line
from framecolor.media import write_text_atomic
from framecolor.output.frame_entry import MOST_UNSURE, FrameEntry
from framecolor.output.manifest import Manifest
from framecolor.report import strip as strip_layout
from framecolor.report.correcting import describe_shot, name_uncorrectable, read_names, write_command
from framecolor.report.lines import LineArt, LineDrawing
from framecolor.report.marks import Crop
from framecolor.report.pictures import PictureReader, Pictures
from framecolor.report.strip import lay_out_strip
from framecolor.report.suggest import suggest_keys
from framecolor.report.view import list_facts, sum_up, view_frame, view_swatch

REPORT_NAME = "report.html"
# Large pictures are what a report weighs: past this many, frames are shown by their thumbnail only.
_MOST_LARGE = 60
# So is what regions are corrected with, some 60 kB a drawing: past this many, others are only looked at.
_MOST_MAPPED = 240
# This many frames to check are open on the page; the others wait behind a click.
_OPEN_CHECKS = 8


def write_report(out: str | Path, target: str | Path | None = None) -> Path:
    """Write the report of a painted shot: one HTML file that says what to check, and which drawing to paint next.

    out     folder of the painted frames, such as `Outcome.out`
    target  the file to write; OUT/report.html if not given

    Returns the path of the file, which appears whole or not at all. Frames whose pictures are missing or broken are
    shown without them. Raises InputError if nothing was painted there, ReadError if its framecolor.json is damaged,
    OutputError if the file cannot be written.
    """
    manifest = Manifest.read(Path(out))
    target = manifest.out / REPORT_NAME if target is None else Path(target)
    write_text_atomic(target, build_page(manifest))
    return target


def build_page(manifest: Manifest) -> str:
    """The report as HTML."""
    drawings = [frame for frame in manifest.frames if frame.status != "hold"]
    checks = sorted((frame for frame in drawings if frame.unsure), key=lambda f: (-f.expected_wrong_px, f.number))
    large = {frame.number for frame in checks[:_MOST_LARGE]}
    frames = {frame.number: view_frame(frame, manifest, cropped=frame.number in large) for frame in drawings}
    mapped = _choose_mapped(drawings, checks)
    crops = {number: frames[number].crop for number in large}
    pictures = _read_pictures(drawings, crops, mapped, manifest)
    found = {number for number, made in pictures.items() if made.map}
    suggestions = suggest_keys(manifest.frames)
    words = write_command(manifest)
    environment = Environment(
        loader=PackageLoader("framecolor.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_show,
    )  # fmt: skip
    context: dict[str, Any] = {
        "manifest": manifest,
        "verdict": sum_up(manifest),
        "facts": list_facts(manifest),
        "palette": [view_swatch(color) for color in manifest.palette],
        "names": read_names(manifest),
        "failed": [frames[frame.number] for frame in manifest.with_status("failed")],
        "suggestions": suggestions,
        "strip": lay_out_strip(manifest, {suggestion.number for suggestion in suggestions}),
        "layout": strip_layout,
        "frames": list(frames.values()),
        "checks": [frames[frame.number] for frame in checks],
        "open_checks": _OPEN_CHECKS,
        "most_unsure": MOST_UNSURE,
        "pictures": pictures,
        "shot": describe_shot(manifest),
        "command": format_command(words, "posix"),
        "windows_command": format_command(words, "nt"),
        "can_correct": len(found),
        "uncorrectable": name_uncorrectable(manifest, found),
    }
    return environment.get_template("report.html.j2").render(context)


def _show(value: object) -> object:
    """What the page says, without characters that only an attack has; names of files may hold any."""
    return on_one_line(value, keep="\n\t") if type(value) is str else value


def _choose_mapped(drawings: Sequence[FrameEntry], checks: Sequence[FrameEntry]) -> set[int]:
    """Numbers of the frames whose regions can be corrected on the page: all, or those most in doubt and the first."""
    painted = [frame for frame in drawings if frame.status != "failed"]
    return {frame.number for frame in dict.fromkeys([*checks, *painted][:_MOST_MAPPED])}


def _read_pictures(
    drawings: Sequence[FrameEntry], large: dict[int, Crop], mapped: Collection[int], manifest: Manifest
) -> dict[int, Pictures]:
    reader = PictureReader(manifest)
    numbers = [frame.number for frame in drawings]
    visits = zip(drawings, LineArt(manifest.out, manifest.line_dir).visit(numbers), strict=True)

    def read(frame: FrameEntry, drawing: LineDrawing) -> Pictures:
        return reader.read(frame, drawing, large.get(frame.number), frame.number in mapped)

    workers = min(4, count_usable_cores())
    with ThreadPoolExecutor(max_workers=workers) as pool:
        return dict(zip(numbers, overlapped(pool, lambda visit: read(*visit), visits, 2 * workers), strict=True))
