"""Progress of a run: a bar on a terminal, plain lines for logs, or the lines that farms parse."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import click

from framecolor.cli.heartbeat import HEARTBEAT_SECONDS, Heartbeat
from framecolor.errors import on_one_line

if TYPE_CHECKING:
    from tqdm import tqdm

    from framecolor.pipeline.events import Event

Style = Literal["auto", "bar", "plain", "json", "openjd", "deadline", "afanasy"]
STYLES = get_args(Style)
progress_option = click.option("--progress", type=click.Choice(STYLES), default="auto", show_default=True)

# Share of a shot's work that a fit counts for, in styles with one percentage for everything.
_FIT_SHARE = 0.4


class ProgressPrinter:
    """Prints the progress of one shot. The style auto is a bar on a terminal and plain lines elsewhere.

    Every line ends with a newline and is flushed at once:

        plain      SHOT: STAGE DONE/TOTAL                        (to stderr; the others to stdout)
        json       {"shot": ..., "stage": ..., "done": ..., "total": ...}
        openjd     openjd_progress: PERCENT and openjd_status: SHOT: STAGE DONE/TOTAL
        deadline   Progress: PERCENT%
        afanasy    PROGRESS: PERCENT%

    STAGE is prepare, fit or paint. PERCENT covers the whole command, fits and paint of all shots, and never falls; a
    shot without a fit begins at 0 with its paint. While nothing is done, as when an engine is compiled, the last line
    is repeated at intervals with the seconds that passed. A line that cannot be written is skipped, and the work goes
    on. Call `close` when the shot is done, or use this as a context manager.

    position, count  index of this shot, and the number of shots
    begin            name of the stage before the first one
    """

    def __init__(self, shot: str, style: Style, position: int = 0, count: int = 1, begin: str = "prepare") -> None:
        # A name may hold a line end, followed by words that a farm would obey.
        self._shot = on_one_line(shot)
        self._position, self._count = position, count
        watched = sys.stderr is not None and sys.stderr.isatty()
        self._style = ("bar" if watched else "plain") if style == "auto" else style
        self._bar: tqdm[Any] | None = None
        self.warned: list[str] = []
        self._at = (begin, 0, 0)
        self._fits = False
        self._last = (-1, 0.0)
        self._percent = self._whole(begin, 0)
        self._printing = threading.Lock()
        self._heartbeat = None if self._style == "bar" else Heartbeat(self._repeat, HEARTBEAT_SECONDS)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that `done` of `total` steps or frames of a stage are finished."""
        if self._style == "bar":
            self._draw(stage, done, total)
            return
        percent = 100 * min(done, total) // max(1, total)
        now = time.monotonic()
        with self._printing:
            fresh = stage != self._at[0] or (done == total and percent != self._last[0])
            self._at = stage, done, total
            self._percent = max(self._percent, self._whole(stage, percent))
            if not fresh and percent < self._last[0] + 10 and now - self._last[1] < HEARTBEAT_SECONDS:
                return
            self._last = percent, now
            self._print()
        if self._heartbeat is not None:
            self._heartbeat.tell()

    def listen(self, event: Event) -> None:
        """Print the progress and the warnings of a run; a listener for `colorize`."""
        from framecolor.pipeline.events import Progress, Warned

        if isinstance(event, Progress):
            self(event.stage, event.done, event.total)
        elif isinstance(event, Warned):
            self._warn(event.text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the bar's line and the heartbeat; nothing is printed afterwards."""
        if self._bar is not None:
            self._bar.close()
        if self._heartbeat is not None:
            self._heartbeat.stop()

    def note(self, text: str) -> None:
        """Print a note, before the run begins."""
        self._tell("note", text)

    def _warn(self, text: str) -> None:
        self.warned.append(text)
        self._tell("warning", text)

    def _tell(self, kind: str, text: str) -> None:
        line = f"{kind}: {self._shot}: {on_one_line(text)}"
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
            return
        with self._printing:
            click.echo(line, err=True)

    def _repeat(self, silent_seconds: float) -> None:
        with self._printing:
            self._print(round(silent_seconds, 1))

    def _print(self, silent_seconds: float | None = None) -> None:
        # The reader is gone, or the log's disk is full.
        with suppress(OSError, ValueError):
            click.echo(self._line(silent_seconds), err=self._style == "plain")

    def _line(self, silent_seconds: float | None) -> str:
        stage, done, total = self._at
        if self._style == "json":
            silence = {} if silent_seconds is None else {"silent_seconds": silent_seconds}
            return json.dumps({"shot": self._shot, "stage": stage, "done": done, "total": total, **silence})
        if self._style in ("deadline", "afanasy"):
            return f"{'Progress' if self._style == 'deadline' else 'PROGRESS'}: {self._percent}%"
        counted = f"{self._shot}: {stage} {done}/{total}" if total else f"{self._shot}: {stage}"
        if silent_seconds is not None:
            counted += f", still running after {silent_seconds:.0f} s"
        return counted if self._style == "plain" else f"openjd_progress: {self._percent}\nopenjd_status: {counted}"

    def _whole(self, stage: str, percent: int) -> int:
        """Compute the percentage of the whole command from that of a stage."""
        self._fits = self._fits or stage == "fit"
        of_fit = _FIT_SHARE if self._fits else 0
        shares = {"fit": of_fit * percent, "paint": 100 * of_fit + (1 - of_fit) * percent}
        return int((100 * self._position + shares.get(stage, 0.0)) / self._count)

    def _draw(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage != self._at[0]:
            self.close()
            unit = " steps" if stage == "fit" else " frames"
            self._bar = tqdm(total=total, desc=f"{self._shot}: {stage}", unit=unit, leave=True)
        self._at = stage, done, total
        assert self._bar is not None
        self._bar.update(done - self._bar.n)
