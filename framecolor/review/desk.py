"""The desk: a shot whose files a painter edits, and a thread that brings its frames up to date after each edit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framecolor.config.settings import Settings
from framecolor.core.drawing_number import number_to_json
from framecolor.core.files import read_file
from framecolor.core.hashing import digest
from framecolor.errors import FramecolorError, OutputError
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import CACHE_FOLDER, MANIFEST_NAME, Manifest
from framecolor.pipeline.colorize import paint_shot
from framecolor.pipeline.events import Event, FrameDone, Progress
from framecolor.pipeline.session import Session
from framecolor.review.edits import describe_corrections
from framecolor.review.journal import Edit, Journal
from framecolor.review.places import Places
from framecolor.review.watch import Snapshot, Watch, take_snapshot
from framecolor.shot.shot import Shot

_POLL_SECONDS = 0.5
# A folder that another run holds, or a full disk, is tried again.
_RETRY_SECONDS = 2.0

MakeEdit = Callable[[Shot, Places], Edit]


class _Superseded(BaseException):
    """Stops a run whose shot was edited meanwhile, or whose desk is closed."""


@dataclass(frozen=True, eq=False)
class Opener:
    """How a shot is opened: like the command line does, each time anew.

    shot      opens it
    settings  reads its settings
    find      finds the places of its edits
    """

    shot: Callable[[], Shot]
    settings: Callable[[Shot], Settings]
    find: Callable[[Shot], Places]


@dataclass(eq=False)
class _Progress:
    """What the painting thread has reached: see `Desk.state`."""

    painted: int = -1
    running: bool = False
    done: int = 0
    total: int = 0
    error: str | None = None
    said: tuple[str, ...] = ()
    page: str = ""
    entries: dict[int, FrameEntry] = field(default_factory=dict)
    versions: dict[int, str] = field(default_factory=dict)


class Desk:
    """One shot at work. Thread-safe; `close` it, and nothing of it runs any more.

    Raises OutputError if another desk has the shot open, and what `Shot.open` and the settings raise.
    """

    def __init__(self, opener: Opener, out: Path | None = None) -> None:
        self._open = opener
        shot = opener.shot()
        opener.settings(shot)  # raises the error of wrong settings before the page opens
        self.out = shot.out if out is None else out
        self.places = opener.find(shot)
        self.journal = Journal(self.out / CACHE_FOLDER / "review", self.places)
        self._corrections = describe_corrections(shot, self.places)
        self._shot = shot
        self._revision = 0
        self._closed = False
        self._changed = threading.Condition()
        self._listeners: list[Callable[[], None]] = []
        self._progress = _Progress()
        self._session: Session | None = None
        self._settings: Settings | None = None
        self._watch = Watch({})
        self._take_over()
        self._threads = [threading.Thread(target=work, name=f"review-{work.__name__}", daemon=True)
                         for work in (self._paint, self._look)]  # fmt: skip

    def start(self) -> None:
        """Begin to paint what is not up to date, and to look for changes on disk."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop painting: all files are complete, and the next run continues."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self.journal.close()

    # What the page asks for

    @property
    def shot(self) -> Shot:
        """The shot as it was opened last."""
        return self._shot

    def read_manifest(self) -> Manifest:
        """Read the manifest of the painted frames; one without frames before the first run."""
        if (self.out / MANIFEST_NAME).is_file():
            return Manifest.read(self.out)
        shot = self._shot
        height, width = shot.size
        return Manifest(self.out, shot.name, "", width, height, {}, (), None, ())

    def entry(self, number: int) -> FrameEntry | None:
        """Return the newest entry of a frame; None if it is not painted yet."""
        return self._progress.entries.get(number)

    @property
    def versions(self) -> Mapping[int, str]:
        """The hash of each frame's newest entry, by number."""
        return dict(self._progress.versions)

    def state(self) -> dict[str, Any]:
        """Describe the desk for the page."""
        with self._changed:
            progress = self._progress
            return {
                "revision": self._revision,
                "painted": progress.painted,
                "running": progress.running,
                "done": progress.done,
                "total": progress.total,
                "corrections": self._corrections,
                "undo": self.journal.undo_text,
                "redo": self.journal.redo_text,
                "frames": {str(number_to_json(number)): version for number, version in progress.versions.items()},
                "page": progress.page,
                "error": progress.error,
                "said": list(progress.said),
            }

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a listener, in any thread, whenever the state changes. Returns how to stop that."""
        with self._changed:
            self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # What the painter does

    def edit(self, make: MakeEdit) -> dict[str, Any]:
        """Apply an edit to the shot's files, and have the frames painted. Returns the state.

        Raises InputError if the edit is refused, OutputError if a file cannot be written.
        """
        return self._apply(lambda shot: self.journal.apply(make(shot, self.places)))

    def undo(self) -> dict[str, Any]:
        """Undo the last edit. Returns and raises as `edit`."""
        return self._apply(lambda shot: self.journal.undo())

    def redo(self) -> dict[str, Any]:
        """Redo the edit that was undone last. Returns and raises as `edit`."""
        return self._apply(lambda shot: self.journal.redo())

    def _apply(self, work: Callable[[Shot], Sequence[Path]]) -> dict[str, Any]:
        with self._changed:
            if work(self._shot):
                self._corrections = describe_corrections(self._shot, self.places)
                self._advance()
        self._publish()
        return self.state()

    def _advance(self) -> None:
        self._revision += 1
        self._changed.notify_all()

    def _publish(self) -> None:
        for listener in list(self._listeners):
            listener()

    # Painting

    def _paint(self) -> None:
        """Paint whenever there is a newer revision, until the desk is closed."""
        pause: float | None = None
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._revision != self._progress.painted, pause)
                if self._closed:
                    return
                revision = self._revision
                self._progress.running, self._progress.done, self._progress.total = True, 0, 0
            self._publish()
            error, pause = None, None
            try:
                self._run(revision)
            except _Superseded:
                continue
            except OutputError as caught:
                error, pause = str(caught), _RETRY_SECONDS
            except FramecolorError as caught:
                error = str(caught)
            except Exception as caught:
                error = f"painting failed ({type(caught).__name__}: {caught})"
            self._take_over()
            with self._changed:
                progress = self._progress
                progress.error, progress.running = error, False
                progress.painted = revision if pause is None else progress.painted
            self._publish()
            if pause is not None:
                self._wait(pause)

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def _run(self, revision: int) -> None:
        self._watch = Watch(self._take_snapshot())
        shot = self._open.shot()
        settings = self._open.settings(shot)
        if self._session is None or settings != self._settings:
            self._session, self._settings = Session(self._note), settings
        with self._changed:
            self._shot = shot
            self._corrections = describe_corrections(shot, self.places)
        self._publish()

        def listen(event: Event) -> None:
            if self._closed or self._revision != revision:
                raise _Superseded
            if isinstance(event, Progress) and event.stage == "paint":
                self._progress.done, self._progress.total = event.done, event.total
            if isinstance(event, Progress | FrameDone):
                self._publish()

        outcome = paint_shot(shot, self.out, settings, listen, session=self._session)
        failed = [f"frame {number_to_json(number)}: {error}" for number, error in outcome.failed.items()]
        self._progress.said = (*failed, *outcome.warnings)

    def _note(self, entry: FrameEntry) -> None:
        self._progress.entries[entry.number] = entry
        self._progress.versions[entry.number] = digest(entry.format())[:16]

    def _take_over(self) -> None:
        """Take over what the manifest says of all frames."""
        try:
            frames, page = self.read_manifest().frames, digest(read_file(self.out / MANIFEST_NAME))
        except (FramecolorError, OSError):
            frames, page = (), ""
        entries = {entry.number: entry for entry in frames}
        versions = {number: digest(entry.format())[:16] for number, entry in entries.items()}
        self._progress.entries, self._progress.versions, self._progress.page = entries, versions, page

    # Changes on disk

    def _look(self) -> None:
        """Look for files of the shot that something else changes, and for frames that go away."""
        while not self._closed:
            self._wait(_POLL_SECONDS)
            with self._changed:
                is_idle = not self._progress.running and self._revision == self._progress.painted
            if not is_idle and not self._progress.running:
                continue
            if self._watch.has_changed(self._take_snapshot()) or (is_idle and self._has_lost_frames()):
                with self._changed:
                    self._advance()
                self._publish()

    def _take_snapshot(self) -> Snapshot:
        shot, places = self._shot, self.places
        lines = {path.parent for path in shot.lines.values()} or {shot.line_source}
        folders = [path.parent for mapping in (shot.keys, shot.hints) for path in mapping.values()]
        references = [path for one in shot.references for path in (one.painted, one.line) if path is not None]
        files = [] if self._settings is None else [shot.root / name for name in self._settings.list_files().values()]
        files += [places.corrections, places.recolor, shot.root / "framecolor.toml"]
        return take_snapshot({*lines, *folders, *references, *files, places.keys, places.hints, shot.root})

    def _has_lost_frames(self) -> bool:
        entries = list(self._progress.entries.values())
        kept = [entry for entry in entries if entry.status != "failed" and entry.paint is not None]
        return any(not (self.out / entry.file).is_file() for entry in kept if entry.is_inside)


def wait_until_painted(desk: Desk, seconds: float) -> bool:
    """Wait until the frames are those of the last edit, or painting them failed. Returns False after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = desk.state()
        if not state["running"] and state["painted"] == state["revision"]:
            return True
        time.sleep(0.01)
    return False
