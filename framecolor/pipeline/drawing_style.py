"""Keep the style of a shot's drawings beside its frames, so that a run that finds all up to date decodes nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from framecolor.config.settings import Settings
from framecolor.core.files import read_file, write_text_atomic
from framecolor.core.hashing import digest
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import OutputError, ReadError
from framecolor.keys.drawing_style import Style, choose_drawings, find_style
from framecolor.shot.shot import Shot

# Increased when the same drawings and keys give another style.
_RECIPE = "style 1"
_NAME = "drawings.json"
_DECIDED = ("gap_px", "bridge_px", "paper", "ink", "paper_border")


def settle_style(shot: Shot, settings: Settings, cache: Path) -> Style:
    """Find the style of a shot (`find_style`), or read it from the folder `cache` if its drawings are the same."""
    source = _hash_source(shot, settings)
    if (kept := _read(cache / _NAME, source, settings)) is not None:
        return kept
    style = find_style(shot, settings)
    chosen = {name: getattr(style.settings, name) for name in _DECIDED}
    with suppress(OutputError):
        table = {"source": source, "settings": chosen, "notes": style.notes}
        write_text_atomic(cache / _NAME, json.dumps(table, indent=1) + "\n")
    return style


def _read(path: Path, source: str, settings: Settings) -> Style | None:
    try:
        table = parse_json(read_file(path))
        if table["source"] != source:
            return None
        chosen = {name: table["settings"][name] for name in _DECIDED}
        return Style(settings.updated(chosen), tuple(str(note) for note in table["notes"]))
    except (OSError, ReadError, *MISSHAPEN):
        return None


def _hash_source(shot: Shot, settings: Settings) -> str:
    """Hash all that decides the style."""
    parts = [_RECIPE, repr([getattr(settings, name) for name in (*_DECIDED, "min_region_px")])]
    for number in choose_drawings(shot):
        parts.append(str(number))
        for hash_of in (shot.source_hash, *((shot.key_hash,) if number in shot.keys else ())):
            try:
                parts.append(hash_of(number))
            except ReadError as error:
                parts.append(str(error))
    return digest(*parts)
