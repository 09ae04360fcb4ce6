"""art.json as text: one item a line, so that a hundred thousand of them can still be read and compared."""

from __future__ import annotations

import json
from typing import Any


def format_table(content: dict[str, Any]) -> str:
    """JSON with the rows of `sources` and `items` in one line each."""
    lines = []
    for key, value in content.items():
        if key in ("sources", "items"):
            rows = ",\n".join(f"  {json.dumps(row)}" for row in value)
            text = f"[\n{rows}\n ]" if value else "[]"
        else:
            text = json.dumps(value)
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
