"""The error of the format modules, which `decode` turns into a ReadError with the file's name."""

from __future__ import annotations


class BrokenImageError(Exception):
    """An image file is cut off, invalid, or cannot be read faithfully; see `problem` and `fix`."""

    def __init__(self, problem: str, fix: str = "write the file again") -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix


CUT_OFF = "the file is cut off"
DAMAGED = "the file cannot be decoded: it is cut off or damaged, or of a kind that is not read"
