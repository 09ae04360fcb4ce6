"""The report of a painted shot: one HTML file that says what to check, and which drawing to paint as the next key.

Imports shot, media, lineart and below.
"""

from framecolor.report.page import write_report
from framecolor.report.sidecar import FrameRecord, ShotRecord, UnsureRegion, read_sidecar
from framecolor.report.suggest import KeySuggestion, suggest_keys

__all__ = [
    "FrameRecord",
    "KeySuggestion",
    "ShotRecord",
    "UnsureRegion",
    "read_sidecar",
    "suggest_keys",
    "write_report",
]
