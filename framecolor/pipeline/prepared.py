"""From what each frame of a job is to be painted, noted before its tasks begin.

Frames of an earlier job lie in the same folder, whole and valid: only this tells them from those of today's tasks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from framecolor.core.files import read_file, write_text_atomic
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.keys.cache import forget_keyframes
from framecolor.output.manifest import CACHE_FOLDER

_NAME = "prepared.json"


def note_prepared(out: Path, sources: Mapping[int, str]) -> None:
    """Keep the hash of all that decides each frame, by number. Raises OutputError."""
    write_text_atomic(out / CACHE_FOLDER / _NAME, json.dumps({"sources": dict(sorted(sources.items()))}) + "\n")


def read_prepared(out: Path) -> dict[int, str]:
    """What was noted; nothing when there is no note or it is damaged."""
    try:
        table = parse_json(read_file(out / CACHE_FOLDER / _NAME))
        return {int(number): str(source) for number, source in table["sources"].items()}
    except (OSError, *MISSHAPEN):
        return {}


def forget_prepared(out: Path) -> None:
    """The job is done, or a run of the whole shot stands in for it."""
    (out / CACHE_FOLDER / _NAME).unlink(missing_ok=True)
    forget_keyframes(out / CACHE_FOLDER)
