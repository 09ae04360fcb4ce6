"""The report of a painted shot: one HTML file that says what to check, and which drawing to paint as the next key.

Imports output, media, lineart and below.
"""

from framecolor.report.page import write_report

__all__ = ["write_report"]
