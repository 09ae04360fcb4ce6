"""Progress on the terminal: a bar for people, plain lines for logs, words that farms read."""

from __future__ import annotations

import json
import sys
import time
from typing import Literal, get_args

import click

Style = Literal["auto", "bar", "plain", "json", "openjd", "deadline", "afanasy"]
STYLES = get_args(Style)

# Farms take a silent task for a dead one.
_HEARTBEAT_SECONDS = 10.0


class ProgressPrinter:
    """Prints the progress of one shot; `style` auto is a bar on a terminal and plain lines elsewhere."""

    def __init__(self, shot: str, style: Style) -> None:
        self._shot = shot
        self._style = ("bar" if sys.stderr.isatty() else "plain") if style == "auto" else style
        self._bar = None
        self._stage = ""
        self._last = (-1, 0.0)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Hear that `done` of `total` steps or frames of a stage are finished."""
        if self._style == "bar":
            self._draw(stage, done, total)
            return
        percent = 100 * done // max(1, total)
        now = time.monotonic()
        fresh = stage != self._stage or (done == total and percent != self._last[0])
        if not fresh and percent < self._last[0] + 10 and now - self._last[1] < _HEARTBEAT_SECONDS:
            return
        self._stage, self._last = stage, (percent, now)
        click.echo(self._line(stage, done, total, percent), err=self._style == "plain")

    def close(self) -> None:
        """End the bar's line."""
        if self._bar is not None:
            self._bar.close()

    def _line(self, stage: str, done: int, total: int, percent: int) -> str:
        if self._style == "json":
            return json.dumps({"shot": self._shot, "stage": stage, "done": done, "total": total})
        if self._style == "openjd":
            return f"openjd_progress: {percent}\nopenjd_status: {stage} {done}/{total}"
        if self._style in ("deadline", "afanasy"):
            return f"{'Progress' if self._style == 'deadline' else 'PROGRESS'}: {percent}%"
        return f"{self._shot}: {stage} {done}/{total}"

    def _draw(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage != self._stage:
            self.close()
            unit = " steps" if stage == "fit" else " frames"
            self._bar = tqdm(total=total, desc=f"{self._shot}: {stage}", unit=unit, leave=True)
            self._stage = stage
        assert self._bar is not None
        self._bar.update(done - self._bar.n)
