"""What a check of this machine says, and what it looks at."""

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
    """One thing that was looked at.

    topic   what it belongs to, a word
    status  ok: as it should be; note: something could be had that is not there; warn: it works, and will hurt;
            fail: something that framecolor needs does not work
    what    what was found, one line
    fix     what to do about it, one line; none where it is ok
    data    the same for programs, as plain data
    """

    topic: str
    status: Status
    what: str
    fix: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.status not in STATUSES or not self.topic or not self.what:
            raise ValueError(f"a finding has a topic, one of {STATUSES} and words, got {self}")
        if (self.status == "ok") != (self.fix == ""):
            raise ValueError(f"a finding has a fix unless it is ok, got {self}")
        # A path may hold anything.
        object.__setattr__(self, "what", on_one_line(self.what))
        object.__setattr__(self, "fix", on_one_line(self.fix))


@dataclass(frozen=True)
class Target:
    """Where frames are to be painted.

    root   the shot's or cut's folder, or where one is
    outs   the folders for its frames, one at least
    shots  what was named to be painted; several where that was a cut, none where nothing was
    """

    root: Path
    outs: tuple[Path, ...]
    shots: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if not self.outs:
            raise ValueError("Target.outs must not be empty")


class Check(Protocol):
    """A check; it writes nothing that it does not take away again, and raises whatever it meets."""

    def __call__(self, target: Target) -> Iterable[Finding]: ...


def one_line(error: BaseException) -> str:
    """An exception as words; its kind where it has none."""
    return " ".join(str(error).split())[:300] or type(error).__name__
