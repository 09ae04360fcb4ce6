"""The report of a painted shot: one HTML file with the regions to check and the drawings to paint as next keys.

Imports output, media, lineart and below.
"""

from framecolor.report.page import write_report

__all__ = ["write_report"]
