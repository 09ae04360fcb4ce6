"""Picture sizes by their usual names."""

from __future__ import annotations

import re

from framecolor.errors import SettingsError

SIZES = {"540p": (540, 960), "720p": (720, 1280), "1080p": (1080, 1920), "4K": (2160, 3840)}
_SMALLEST_PX, _LARGEST_PX = 32, 16384


def parse_size(text: str) -> tuple[int, int]:
    """Parse a name in `SIZES` or WxH into (height, width), in pixels. Raises SettingsError for other texts."""
    for name, size in SIZES.items():
        if text.lower() == name.lower():
            return size
    sides = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if sides is None:
        raise SettingsError("size", f"there is no size {text!r}", f"give one of {', '.join(SIZES)} or WxH as 1920x1080")
    width, height = (int(side) for side in sides.groups())
    if min(width, height) < _SMALLEST_PX or max(width, height) > _LARGEST_PX:
        fix = f"give sides from {_SMALLEST_PX} to {_LARGEST_PX} pixels"
        raise SettingsError("size", f"{text} is too small or too large", fix)
    return height, width


def name_size(height: int, width: int) -> str:
    """Format a size: its name, or WxH."""
    return next((name for name, size in SIZES.items() if size == (height, width)), f"{width}x{height}")
