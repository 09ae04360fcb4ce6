"""A target: a parser, what it may refuse a file with, files to start from, and what has to hold of what it accepts."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from random import Random

from framecolor import FramecolorError
from fuzz import GROUPS

_LONGEST_MESSAGE = 4096


class FuzzFailure(Exception):  # noqa: N818  # what a run of a fuzzer finds is a failure
    """An input did what no input may do."""


@dataclass(frozen=True)
class Target:
    """One parser under test.

    name        within its group
    parser      the function that is fuzzed, as the table of results names it
    feed        gives it the bytes of a file, and asserts what holds of all that it accepts; False where it makes
                nothing of them and does not raise
    seeds       files that it accepts, written by our own writers where there is one
    refusals    what it may raise
    mutate      changes that know the format; None: bytes only
    words       what the format has as keywords
    most_bytes  longest input
    """

    name: str
    parser: str
    feed: Callable[[bytes], bool | None]
    seeds: Callable[[], Iterable[bytes]]
    refusals: tuple[type[Exception], ...] = (FramecolorError,)
    mutate: Callable[[bytes, Random], bytes] | None = None
    words: tuple[bytes, ...] = ()
    most_bytes: int = 4096


def find_target(name: str) -> Target:
    """The target of a whole name, GROUP.NAME; KeyError when there is none."""
    group, _, own = name.partition(".")
    if group in GROUPS:
        for target in import_module(f"fuzz.{group}").TARGETS:
            if target.name == own:
                return target
    raise KeyError(name)


def list_targets() -> list[str]:
    """The whole names of all targets."""
    return [f"{group}.{target.name}" for group in GROUPS for target in import_module(f"fuzz.{group}").TARGETS]


def try_input(target: Target, data: bytes) -> bool:
    """Whether a target accepts an input. Raises FuzzFailure for an error that is no refusal, or is not fit to be shown.

    Errors that framecolor raises on purpose have to be one line that can be printed.
    """
    try:
        return target.feed(data) is not False
    except target.refusals as error:
        if isinstance(error, FramecolorError):
            _check_message(str(error))
        return False
    except Exception as error:
        raise FuzzFailure(f"{target.name}: {type(error).__name__}: {error}") from error


def _check_message(message: str) -> None:
    if not message.replace("\u3000", " ").isprintable() or len(message) > _LONGEST_MESSAGE:
        raise FuzzFailure(f"not one printable line of text: {message[:200]!r}")


def peak_mb() -> float:
    """The most memory that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="framecolor-fuzz-")


def scratch_folder() -> Path:
    """A folder of this process, gone when it ends."""
    return Path(_scratch().name)


def place(data: bytes, name: str) -> Path:
    """Write an input to a file of that name in the scratch folder."""
    path = scratch_folder() / name
    path.write_bytes(data)
    return path
