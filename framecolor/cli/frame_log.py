"""The log of `--log`: one line per frame, for people, grep and logfmt parsers."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from framecolor.errors import OutputError

if TYPE_CHECKING:
    from framecolor.pipeline.events import FrameDone
    from framecolor.pipeline.result import Outcome

STANDARD_OUTPUT = "-"
_BARE = re.compile(r"[\w.,:+/#%@-]+", re.ASCII)


class FrameLog:
    """Appends lines to a log file. Each one is written at once and whole, so that tasks of one shot can share the file.

        2026-03-01T09:30:00.123Z shot=cut_012 frame=7 status=painted written=yes confidence=0.942 unsure=2 regions=45
            seconds=0.141 decode_seconds=0.004 regions_seconds=0.020 ... encode_seconds=0.012

    (on one line), and a line at the beginning and at the end of each shot. Values with other than plain characters are
    JSON strings. If the log can no longer be written, as on a full disk, it ends with an error, `is_cut` is true, and
    painting goes on.
    """

    def __init__(self, target: str | None) -> None:
        """Open `target`: a file, - for standard output, or None for no log. Raises OutputError if that fails."""
        self._file: TextIO | None = None
        self._name = "standard output" if target == STANDARD_OUTPUT else target
        self.is_cut = False
        if target == STANDARD_OUTPUT:
            self._file = sys.stdout
        elif target is not None:
            path = Path(target)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("a", encoding="utf-8", errors="backslashreplace")
            except OSError as error:
                fix = "name another file with --log"
                raise OutputError(path, f"the log cannot be written ({error.strerror or error})", fix) from None

    def begin(self, shot: str, frames: int, keys: int, version: str) -> None:
        """Log that a shot begins."""
        self._write({"shot": shot, "event": "begin", "frames": frames, "keys": keys, "framecolor": version})

    def note(self, shot: str, note: FrameDone) -> None:
        """Log that a frame is done."""
        table: dict[str, Any] = {"shot": shot, "frame": note.number, "status": note.status}
        if note.status == "failed":
            table["error"] = note.error
        else:
            table |= {"written": "yes" if note.written else "no", "confidence": f"{note.confidence:.3f}"}
            table |= {"unsure": note.unsure, "regions": note.regions}
        stages = {f"{stage}_seconds": spent for stage, spent in note.seconds.items()}
        seconds = {"seconds": sum(stages.values()), **stages}
        self._write(table | {name: f"{spent:.3f}" for name, spent in seconds.items()})

    def end(self, shot: str, outcome: Outcome | None, exit_code: int, error: str = "") -> None:
        """Log that a shot is done, or that it could not be painted (outcome is None)."""
        table: dict[str, Any] = {"shot": shot, "event": "end", "exit_code": exit_code}
        if outcome is None:
            table["error"] = error
        else:
            table |= {"written": len(outcome.written), "unchanged": len(outcome.unchanged)}
            table |= {"failed": len(outcome.failed), "unsure": outcome.unsure, "seconds": f"{outcome.seconds:.1f}"}
        self._write(table)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None and self._file is not sys.stdout:
            with suppress(OSError):
                self._file.close()

    def _write(self, table: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = " ".join([now, *(f"{name}={_quote(value)}" for name, value in table.items())])
        try:
            self._file.write(line + "\n")
            self._file.flush()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            problem = f"the log ends here, as it cannot be written ({reason}); make room for it"
            print(f"error: {self._name}: {problem}", file=sys.stderr)
            self._file, self.is_cut = None, True


def _quote(value: object) -> str:
    text = str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text)
