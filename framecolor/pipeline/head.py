"""What the manifest says of a whole shot."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from framecolor.config.settings import Settings
from framecolor.keys.keyframes import Keyframes
from framecolor.output.manifest_writer import ManifestWriter
from framecolor.output.mattes import MatteIds
from framecolor.shot.corrections import describe_correction
from framecolor.shot.shot import Shot
from framecolor.version import VERSION

# What of the settings never changes a frame is no part of the manifest.
_UNRECORDED = ("overwrite", "threads", "lanes")


def describe_run(
    shot: Shot,
    out: Path,
    keyframes: Keyframes,
    fit: dict[str, object] | None,
    engine: str,
    settings: Settings,
    warnings: tuple[str, ...],
) -> dict[str, object]:
    """The head of framecolor.json; fit: how the fit came about."""
    height, width = shot.size
    head: dict[str, object] = {
        "framecolor": VERSION,
        "shot": shot.name,
        "line_dir": os.path.relpath(shot.line_source, out),
        "size": [width, height],
        "engine": engine,
        "settings": {k: v for k, v in asdict(settings).items() if k not in _UNRECORDED},
        "palette": keyframes.palette.colors.tolist(),
        "fit": fit,
    }
    if keyframes.proposed:
        head["proposed"] = sorted(keyframes.proposed)
    if shot.corrections:
        head["corrections"] = [describe_correction(correction) for correction in shot.corrections]
    if warnings:
        head["warnings"] = list(warnings)
    return head


def number_paints(
    manifest: ManifestWriter, head: dict[str, object], keyframes: Keyframes, settings: Settings
) -> MatteIds | None:
    """The ids of all paints, where mattes are wanted; noted in the new head, also where they are only kept."""
    before = MatteIds.read(manifest.head.get("mattes"))
    ids = before.extend(keyframes.palette) if settings.mattes else before
    if ids.paints:
        head["mattes"] = [list(paint) for paint in ids.paints]
    return ids if settings.mattes else None
