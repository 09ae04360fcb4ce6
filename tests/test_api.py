"""The public names: exported, and on their page."""

from __future__ import annotations

import re
from pathlib import Path

import framecolor

PAGE = (Path(__file__).parent.parent / "docs/api.md").read_text("utf-8")


def test_all_public_names_are_there_and_on_the_page() -> None:
    for name in framecolor.__all__:
        assert getattr(framecolor, name) is not None
        assert name.startswith("_") or re.search(rf"`{name}\b", PAGE), f"docs/api.md does not name {name}"
    assert set(framecolor._HOMES) == set(framecolor.__all__) - {"__version__"}


def test_frames_are_colored_in_ten_lines() -> None:
    """That the page's examples work is tested with the other pages (tests/test_docs.py)."""
    example = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)[0]
    assert "color_frames(" in example
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
