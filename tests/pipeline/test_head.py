"""The head of framecolor.json, about the whole shot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest
from drawings import make_shot
from painting import paint

pytestmark = pytest.mark.usefixtures("quick_engine")


def test_drawings_on_another_drive_are_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From one drive of Windows no relative path leads to another."""
    root = make_shot(tmp_path / "cut", 2, (0,))
    assert '"line_dir": "../line"' in read_head(root)

    def find_none(path: Path, start: Path) -> NoReturn:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", find_none)
    assert f'"line_dir": "{root}/line"' in read_head(root)


def read_head(root: Path) -> str:
    paint(root, overwrite=True)
    return (root / "color/framecolor.json").read_text("utf-8")
