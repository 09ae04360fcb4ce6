"""Keep the style of a shot's drawings in framecolor.json, so that a run that finds all up to date decodes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from framecolor.config.settings import Settings
from framecolor.core.drawing_number import number_from_json, number_to_json
from framecolor.core.hashing import digest
from framecolor.core.parsing import MISSHAPEN
from framecolor.errors import ReadError, SettingsError
from framecolor.keys.drawing_style import Style, choose_drawings, find_style
from framecolor.shot.shot import Shot

# Increased when the same drawings and keys give another style.
_RECIPE = "style 6"
_DECIDED = ("gap_px", "bridge_px", "paper", "ink", "trace", "paper_border")


@dataclass(frozen=True)
class SettledStyle(Style):
    """A style with the hash of all that decides it."""

    source: str = ""

    @property
    def noted(self) -> dict[str, object]:
        """The style as plain data, for the head of framecolor.json."""
        chosen = {name: getattr(self.settings, name) for name in _DECIDED}
        unlike = [number_to_json(number) for number in self.unlike]
        return {"source": self.source, "settings": chosen, "notes": list(self.notes), "unlike": unlike}


def settle_style(shot: Shot, settings: Settings, head: Mapping[str, Any]) -> SettledStyle:
    """Find the style of a shot (`find_style`), or take it from the manifest's head if its drawings are the same."""
    source = _hash_source(shot, settings)
    if (kept := _read(head.get("drawings"), source, settings)) is not None:
        return kept
    style = find_style(shot, settings)
    return SettledStyle(style.settings, style.notes, style.unlike, source)


def _read(noted: Any, source: str, settings: Settings) -> SettledStyle | None:
    try:
        if noted["source"] != source:
            return None
        chosen = {name: noted["settings"][name] for name in _DECIDED}
        unlike = tuple(number_from_json(number) for number in noted["unlike"])
        return SettledStyle(settings.updated(chosen), tuple(str(note) for note in noted["notes"]), unlike, source)
    except (SettingsError, *MISSHAPEN):
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
