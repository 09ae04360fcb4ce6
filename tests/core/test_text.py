"""Formatted commands: the shell they are quoted for reads the same words."""

from __future__ import annotations

import shlex
from itertools import product
from subprocess import list2cmdline

import pytest

from framecolor.core.text import format_command, format_install

WORDS = ["cut_012", "a cut", "cut&12", "c'ut", "sh010.####.png", "$HOME", "100%", "(a),{b};c", "\u7dda", "", "--keys"]


def test_a_posix_shell_reads_the_words() -> None:
    assert shlex.split(format_command(WORDS, "posix")) == WORDS


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("cut_012", "cut_012"),
        (r"D:\shots\cut_012", r"D:\shots\cut_012"),
        (r"D:\my shots\cut", r'"D:\my shots\cut"'),
        ("D:\\my shots\\", '"D:\\my shots\\\\"'),
        ("it's", '"it\'s"'),
        ("a&b", '"a&b"'),
        ("sh010.####.png", '"sh010.####.png"'),
        ("(a),{b};c", '"(a),{b};c"'),
        ("@a", '"@a"'),
        ("", '""'),
        ('say "a\\"', '"say \\"a\\\\\\""'),
    ],
)
def test_windows_quotes_words_with_special_characters(word: str, shown: str) -> None:
    assert format_command(["framecolor", word], "nt") == f"framecolor {shown}"


def test_windows_programs_read_the_quotes() -> None:
    for letters in product('a\\" ', repeat=5):
        word = " " + "".join(letters)  # the space makes Python's own list2cmdline quote it, too
        assert format_command([word], "nt") == list2cmdline([word])


def test_an_extra_is_one_word() -> None:
    assert shlex.split(format_install("framecolor[exr]")) == ["pip", "install", "framecolor[exr]"]
