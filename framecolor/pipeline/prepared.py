"""The source of each frame of a farm job, noted before its tasks begin.

The folder may hold valid frames of an earlier job; only their sources distinguish them from those of this job.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from framecolor.core.drawing_number import read_number
from framecolor.core.files import read_file, write_text_atomic
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.keys.cache import forget_keyframes
from framecolor.output.manifest import CACHE_FOLDER

_NAME = "prepared.json"


def note_prepared(out: Path, sources: Mapping[int, str]) -> None:
    """Write the source of each frame, by number. Raises OutputError."""
    table = {"sources": {str(number): source for number, source in sorted(sources.items())}}
    write_text_atomic(out / CACHE_FOLDER / _NAME, json.dumps(table) + "\n")


def read_prepared(out: Path) -> dict[int, str]:
    """Read the source of each frame, by number; empty if the file is missing or damaged."""
    try:
        table = parse_json(read_file(out / CACHE_FOLDER / _NAME))
        return {read_number(number): str(source) for number, source in table["sources"].items()}
    except (OSError, *MISSHAPEN):
        return {}


def forget_prepared(out: Path) -> None:
    """Delete the sources and cached keys of a job that is finished, or replaced by a run on the whole shot."""
    (out / CACHE_FOLDER / _NAME).unlink(missing_ok=True)
    forget_keyframes(out / CACHE_FOLDER)
