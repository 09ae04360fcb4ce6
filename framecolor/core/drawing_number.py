"""Numbers of drawings. An inbetween that was drawn in later has a letter: 2a lies between 2 and 3."""

from __future__ import annotations

import re
from typing import Any

_NAME = re.compile(r"([0-9]{1,12})([a-z]?)", re.IGNORECASE)


class LetteredNumber(int):
    """A drawing's number with a letter, such as 2a; a plain int is a number without one.

    It lies after the number and before the next one, equals only the same number with the same letter, and is written
    as "2a". Arithmetic and `range` see the number alone. JSON needs `number_to_json`.
    """

    letter: str

    def __new__(cls, number: int, letter: str) -> LetteredNumber:
        """Make the number of a letter, a to z. Raises ValueError for any other text."""
        if not (len(letter) == 1 and letter.isascii() and letter.isalpha()):
            raise ValueError(f"a drawing's letter must be one of a to z, got {letter!r}")
        made = super().__new__(cls, number)
        made.letter = letter.lower()
        return made

    @property
    def _key(self) -> tuple[int, str]:
        return int(self), self.letter

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LetteredNumber) and self._key == other._key

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._key)

    def __lt__(self, other: int) -> bool:
        return self._key < order_number(other)

    def __le__(self, other: int) -> bool:
        return self._key <= order_number(other)

    def __gt__(self, other: int) -> bool:
        return self._key > order_number(other)

    def __ge__(self, other: int) -> bool:
        return self._key >= order_number(other)

    def __str__(self) -> str:
        return f"{int(self)}{self.letter}"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        """Format the number by `spec`, followed by its letter."""
        return f"{int(self):{spec}}{self.letter}"


def make_number(number: int, letter: str = "") -> int:
    """Make a drawing's number from its digits and its letter, "" for none."""
    return LetteredNumber(number, letter) if letter else number


def order_number(number: float) -> tuple[float, str]:
    """Return what a drawing's number is ordered by: the number, then its letter."""
    return (int(number), number.letter) if isinstance(number, LetteredNumber) else (number, "")


def read_number(text: str) -> int:
    """Read a drawing's number, such as "12" or "2a". Raises ValueError for any other text."""
    match = _NAME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r:.40} is not the number of a drawing")
    return make_number(int(match[1]), match[2])


def number_to_json(number: int | None) -> int | str | None:
    """Convert a drawing's number for JSON: an int, or a text such as "2a"."""
    return str(number) if isinstance(number, LetteredNumber) else number


def number_from_json(value: Any) -> int:
    """Convert what `number_to_json` made. Raises ValueError or TypeError for anything else."""
    if isinstance(value, str):
        number = read_number(value)
        if isinstance(number, LetteredNumber):
            return number
    elif type(value) is int:
        return value
    raise ValueError(f"{value!r:.40} is not the number of a drawing")
