"""Ranges of numbers: they survive writing and reading, and huge ones are not expanded."""

from __future__ import annotations

import pytest

from framecolor.core.drawing_number import LetteredNumber
from framecolor.core.number_ranges import format_numbers, format_range, parse_number_ranges


def read(text: str) -> list[int]:
    """The numbers up to 50 that a text names, rising in each of its ranges."""
    return [number for one in parse_number_ranges(text) for number in range(51) if number in one]


def test_ranges_rise_or_fall_by_a_step() -> None:
    assert read("1-3,7") == [1, 2, 3, 7]
    assert read(" 1 - 9 x 4 ") == [1, 5, 9]
    assert read("9-1x4,0012") == [1, 5, 9, 12]
    assert [one.text for one in parse_number_ranges("1-24x2, 30")] == ["1-24x2", "30"]


def test_a_letter_lies_between_two_numbers() -> None:
    between = LetteredNumber(2, "a")
    assert [text for text in ("2a", "2-3", "1-2", "2a-2b", "3") if between in parse_number_ranges(text)[0]] == [
        "2a",
        "2-3",
        "2a-2b",
    ]


def test_what_is_written_is_read_again() -> None:
    for numbers in ([1], [1, 2, 3], [1, 3, 5, 9], [4, 8, 15, 16, 23, 42]):
        assert read(format_numbers(numbers)) == numbers
    assert format_range(range(3, 4)) == "3"
    assert read(format_range(range(5, 9))) == [5, 6, 7, 8]


@pytest.mark.parametrize("text", ["", "x", "1-", "-3", "1-5x0", "1-9:2", "1,,2", "1-5x" + "9" * 40])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a range"):
        parse_number_ranges(text)


def test_long_ranges_are_not_expanded() -> None:
    (one,) = parse_number_ranges("1-999999999999")
    assert one.ends == (1, 999_999_999_999) and 999_999_999_999 in one
