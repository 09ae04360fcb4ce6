"""What the format modules raise; `decode` turns it into the ReadError that names the file."""

from __future__ import annotations


class BrokenImageError(Exception):
    """An image file that is cut off, makes no sense or cannot be read faithfully: `problem` and `fix` say it."""

    def __init__(self, problem: str, fix: str = "write the file again") -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix


CUT_OFF = "the file is cut off"
DAMAGED = "the file cannot be decoded: it is cut off or damaged, or of a kind that is not read"
