"""Progress on the terminal: a bar for people, plain lines for logs, words that farms read."""

from __future__ import annotations

import json
import sys
import time
from typing import Literal, get_args

import click

Style = Literal["auto", "bar", "plain", "json", "openjd", "deadline", "afanasy"]
STYLES = get_args(Style)

# The share of a shot's work that its fit is taken for where one percentage has to tell of everything.
_FIT_SHARE = 0.4
# Farms take a silent task for a dead one.
_HEARTBEAT_SECONDS = 10.0


class ProgressPrinter:
    """Prints the progress of one shot; `style` auto is a bar on a terminal and plain lines elsewhere.

    Every line ends with a newline and is flushed at once:

        plain      SHOT: STAGE DONE/TOTAL                        (to stderr; all others go to stdout)
        json       {"shot": ..., "stage": ..., "done": ..., "total": ...}
        openjd     openjd_progress: PERCENT and openjd_status: SHOT: STAGE DONE/TOTAL
        deadline   Progress: PERCENT%
        afanasy    PROGRESS: PERCENT%

    STAGE is fit or paint. PERCENT counts all that the command does, fits and paint of all shots, and never falls; a
    shot whose fit is there already begins at 0 with its paint.
    position, count  which of how many shots this one is.
    """

    def __init__(self, shot: str, style: Style, position: int = 0, count: int = 1) -> None:
        self._shot = shot
        self._position, self._count = position, count
        self._style = ("bar" if sys.stderr.isatty() else "plain") if style == "auto" else style
        self._bar = None
        self._stage = ""
        self._fits = False
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
            return (
                f"openjd_progress: {self._whole(stage, percent)}\nopenjd_status: {self._shot}: {stage} {done}/{total}"
            )
        if self._style in ("deadline", "afanasy"):
            return f"{'Progress' if self._style == 'deadline' else 'PROGRESS'}: {self._whole(stage, percent)}%"
        return f"{self._shot}: {stage} {done}/{total}"

    def _whole(self, stage: str, percent: int) -> int:
        """The percentage of everything, from that of a stage."""
        self._fits = self._fits or stage == "fit"
        of_fit = _FIT_SHARE if self._fits else 0
        share = of_fit * percent if stage == "fit" else 100 * of_fit + (1 - of_fit) * percent
        return int((100 * self._position + share) / self._count)

    def _draw(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage != self._stage:
            self.close()
            unit = " steps" if stage == "fit" else " frames"
            self._bar = tqdm(total=total, desc=f"{self._shot}: {stage}", unit=unit, leave=True)
            self._stage = stage
        assert self._bar is not None
        self._bar.update(done - self._bar.n)
