"""The folder for results that can be made again on this machine: graphs of networks, compiled engines."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

FOLDER_VARIABLE = "FRAMECOLOR_CACHE_DIR"


def cache_folder() -> Path:
    """Name the folder of FRAMECOLOR_CACHE_DIR, else the user's cache folder. It may be missing, or be deleted."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("framecolor")
