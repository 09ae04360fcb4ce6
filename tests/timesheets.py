"""Exposure sheets for the tests, written as other programs write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from framecolor.shot.sheets.xdts import SIGNATURE

Entry = tuple[int, str]


def describe_xdts(duration: int, tracks: Mapping[str, Sequence[Entry]]) -> dict[str, Any]:
    """What an XDTS file holds; frames of the entries count from 0."""
    fields = [
        {
            "fieldId": 0,
            "tracks": [
                {
                    "frames": [{"data": [{"id": 0, "values": [value]}], "frame": frame} for frame, value in entries],
                    "trackNo": number,
                }
                for number, entries in enumerate(tracks.values())
            ],
        }
    ]
    return {
        "header": {"cut": "5", "scene": "1"},
        "timeTables": [
            {
                "duration": duration,
                "fields": fields,
                "name": "sheet1",
                "timeTableHeaders": [{"fieldId": 0, "names": list(tracks)}],
            }
        ],
        "version": 5,
    }


def write_xdts(path: Path, table: Any) -> Path:
    """An XDTS file; a table as `describe_xdts` gives it, or whatever a hostile one holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = table if isinstance(table, str) else json.dumps(table, ensure_ascii=False, indent=4)
    path.write_text(f"{SIGNATURE}\n{text}", encoding="utf-8")
    return path
