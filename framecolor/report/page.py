"""Write report.html: one file without network access, from the shot's manifest and pictures; or the live page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framecolor.core.cpu import count_usable_cores
from framecolor.core.stages import overlapped
from framecolor.core.text import format_command
from framecolor.media import write_text_atomic
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import Manifest
from framecolor.report import strip as strip_layout
from framecolor.report.advice import advise_checks
from framecolor.report.correcting import describe_command, describe_shot, name_uncorrectable, read_names
from framecolor.report.environment import make_environment
from framecolor.report.lines import LineArt, LineDrawing
from framecolor.report.marks import Crop
from framecolor.report.pictures import PictureReader, Pictures
from framecolor.report.strip import lay_out_strip
from framecolor.report.suggest import suggest_keys
from framecolor.report.view import hide_folders, list_facts, sum_up, view_frame, view_swatch

REPORT_NAME = "report.html"
# Large pictures take most of a report's size: more frames than this have only thumbnails.
_MOST_LARGE = 60
# A map for corrections takes about 60 kB: more drawings than this cannot be corrected.
_MOST_MAPPED = 240
# Number of frames to check that are open on the page; the others are folded.
_OPEN_CHECKS = 8


@dataclass(frozen=True)
class LivePage:
    """What the page of `framecolor review` has in place of pictures and maps, which it fetches.

    nonce     of its script, for the content security policy
    versions  number -> hash of each frame's entry, for the addresses of its pictures
    """

    nonce: str
    versions: Mapping[int, str]


def write_report(out: str | Path, target: str | Path | None = None) -> Path:
    """Write the report of a painted shot, one HTML file, atomically. Returns its path.

    out     folder of the painted frames, such as `Outcome.out`
    target  file to write; by default OUT/report.html

    Frames with missing or broken pictures are shown without them. Raises InputError if `out` has no painted frames,
    ReadError if its framecolor.json is damaged, OutputError if the file cannot be written.
    """
    manifest = Manifest.read(Path(out))
    target = manifest.out / REPORT_NAME if target is None else Path(target)
    write_text_atomic(target, build_page(manifest))
    return target


def build_page(manifest: Manifest, live: LivePage | None = None) -> str:
    """Build the report as HTML.

    live  makes the page of `framecolor review`: pictures are links, and maps are empty; every painted drawing has one
    """
    drawings = [frame for frame in manifest.frames if frame.status != "hold"]
    checks = _order_checks(drawings)
    large = {frame.number for frame in (checks if live is not None else checks[:_MOST_LARGE])}
    names = read_names(manifest)
    palette = [view_swatch(color, names) for color in manifest.palette]
    frames = {frame.number: view_frame(frame, manifest, palette, cropped=frame.number in large) for frame in drawings}
    if live is None:
        crops = {number: frames[number].crop for number in large}
        pictures = _read_pictures(drawings, crops, _choose_mapped(drawings, checks), manifest)
        correctable = {number for number, made in pictures.items() if made.map}
    else:
        pictures = {frame.number: _link_pictures(frame, live, frame.number in large) for frame in drawings}
        correctable = {frame.number for frame in drawings if frame.status != "failed"}
    suggestions = suggest_keys(manifest.frames)
    command = describe_command(manifest)
    context: dict[str, Any] = {
        "manifest": manifest,
        "verdict": sum_up(manifest),
        "facts": list_facts(manifest),
        "palette": palette,
        "notes": [hide_folders(text, manifest.out) for text in manifest.notes],
        "warnings": [hide_folders(text, manifest.out) for text in manifest.list_warnings()],
        "failed": [frames[frame.number] for frame in manifest.with_status("failed")],
        "suggestions": suggestions,
        "effects": {advice.frame.number: advice.effect for advice in advise_checks(drawings)},
        "strip": lay_out_strip(manifest, {suggestion.number for suggestion in suggestions}),
        "layout": strip_layout,
        "frames": list(frames.values()),
        "checks": [frames[frame.number] for frame in checks],
        "open_checks": _OPEN_CHECKS,
        "pictures": pictures,
        "shot": {**describe_shot(manifest), "command": command},
        "command": format_command(command["words"], "posix"),
        "windows_command": format_command(command["words"], "nt"),
        "live": live,
        "correctable": correctable,
        "can_correct": len(correctable),
        "uncorrectable": name_uncorrectable(manifest, correctable),
    }
    return make_environment().get_template("report.html.j2").render(context)


def _link_pictures(frame: FrameEntry, live: LivePage, is_large: bool) -> Pictures:
    place, version = f"pictures/{frame.number}", live.versions.get(frame.number, "")
    return Pictures(f"{place}/thumbnail.webp?v={version}", f"{place}/large.webp?v={version}" if is_large else "")


def _order_checks(drawings: Sequence[FrameEntry]) -> list[FrameEntry]:
    """Order the frames to check: first by what no key shows, then by all pixels that are expected wrong.

    An order by what checking a frame settles in a second is no better: `benchmarks/effort.py`.
    """
    doubtful = (frame for frame in drawings if frame.unsure)
    return sorted(doubtful, key=lambda frame: (-frame.unseen_px, -frame.expected_wrong_px, frame.number))


def _choose_mapped(drawings: Sequence[FrameEntry], checks: Sequence[FrameEntry]) -> set[int]:
    """Choose the frames to correct on the page: all, or the most unsure ones and the first of the others."""
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
