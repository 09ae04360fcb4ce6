"""Where the package keeps what it made on a machine and would make again: graphs of networks, compiled engines."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

FOLDER_VARIABLE = "FRAMECOLOR_CACHE_DIR"


def cache_folder() -> Path:
    """What FRAMECOLOR_CACHE_DIR says, or the user's cache folder; it may be missing, and deleted at any time."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("framecolor")
