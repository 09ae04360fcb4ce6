"""Format art.json with one item per line, so that large tables can be read and compared."""

from __future__ import annotations

import json
from typing import Any


def format_table(content: dict[str, Any]) -> str:
    """Format JSON with one line for each row of `sources` and `items`."""
    lines = []
    for key, value in content.items():
        if key in ("sources", "items"):
            rows = ",\n".join(f"  {json.dumps(row)}" for row in value)
            text = f"[\n{rows}\n ]" if value else "[]"
        else:
            text = json.dumps(value)
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
