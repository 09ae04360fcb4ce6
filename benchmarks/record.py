"""Read and write results as JSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from framecolor.media import write_text_atomic

RESULTS = Path(__file__).resolve().parent / "results"


def read_results(path: Path) -> dict[str, Any]:
    """Read a result file; empty if it does not exist."""
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def write_results(path: Path, results: dict[str, Any]) -> None:
    """Write a result file atomically."""
    write_text_atomic(path, json.dumps(results, indent=1) + "\n")
