"""What a check of this machine returns, and what it examines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from framecolor.errors import on_one_line

Status = Literal["ok", "note", "warn", "fail"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    topic   part of the machine, a word
    status  ok; note: something optional is missing; warn: it works, but will cause trouble;
            fail: something that framecolor needs does not work
    what    what was found, one line
    fix     what to do about it, one line; empty if ok
    data    the same as plain data, for programs
    """

    topic: str
    status: Status
    what: str
    fix: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.status not in STATUSES or not self.topic or not self.what:
            raise ValueError(f"a finding needs a topic, a status of {STATUSES} and a text, got {self}")
        if (self.status == "ok") != (self.fix == ""):
            raise ValueError(f"a finding needs a fix unless it is ok, got {self}")
        # A path may hold line ends and control characters.
        object.__setattr__(self, "what", on_one_line(self.what))
        object.__setattr__(self, "fix", on_one_line(self.fix))


@dataclass(frozen=True)
class Target:
    """Where frames are to be painted.

    root   folder of the shot or cut; the working folder if none was named
    outs   folders for its frames, at least one
    shots  paths of the shots: several for a cut, none if no shot was named
    """

    root: Path
    outs: tuple[Path, ...]
    shots: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if not self.outs:
            raise ValueError("Target.outs must not be empty")


class Check(Protocol):
    """A check. It leaves no files, and may raise any exception."""

    def __call__(self, target: Target) -> Iterable[Finding]: ...


def one_line(error: BaseException) -> str:
    """Format an exception as one line of at most 300 characters; its class if it has no text."""
    return " ".join(str(error).split())[:300] or type(error).__name__
