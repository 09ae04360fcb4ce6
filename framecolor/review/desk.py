"""The desk: a shot whose files a painter edits, and a thread that brings its frames up to date after each edit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.allocator import release_freed
from framecolor.core.drawing_number import number_to_json
from framecolor.core.files import read_file
from framecolor.core.hashing import digest
from framecolor.errors import FramecolorError, InputError, OutputError
from framecolor.output.checks import check_output
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import CACHE_FOLDER, MANIFEST_NAME, Manifest
from framecolor.pipeline.colorize import paint_shot
from framecolor.pipeline.events import Event, FrameDone, Progress
from framecolor.pipeline.result import Outcome
from framecolor.pipeline.session import Session
from framecolor.review.edits import describe_corrections
from framecolor.review.journal import Edit, Journal
from framecolor.review.places import HINTS, KEYS, Places
from framecolor.review.watch import Snapshot, State, Watch, look_at, take_snapshot
from framecolor.shot.shot import Shot

JOURNAL_FOLDER = "review"
"""In the output folder's CACHE_FOLDER."""

_POLL_SECONDS = 0.5
# A folder that another run holds, or a full disk, is tried again.
_RETRY_SECONDS = 2.0

MakeEdit = Callable[[Shot, Places], Edit]
Paint = Callable[..., Outcome]


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
    """What the painting thread has reached: see `Desk.state`. `tried` is the last revision that was run to its end."""

    painted: int = -1
    tried: int = -1
    running: bool = False
    done: int = 0
    total: int = 0
    error: str | None = None
    said: tuple[str, ...] = ()
    page: str = ""
    entries: dict[int, tuple[FrameEntry, str]] = field(default_factory=dict)
    colors: dict[int, tuple[NDArray[np.uint8], str]] = field(default_factory=dict)


class Desk:
    """One shot at work. Thread-safe; `close` it, and nothing of it runs any more.

    Raises OutputError if another desk has the shot open, and what `Shot.open`, the settings and `check_output` raise.

    paint  paints the shot, as `paint_shot`
    """

    def __init__(self, opener: Opener, out: Path | None = None, paint: Paint = paint_shot) -> None:
        self._open, self._paint_shot = opener, paint
        shot = opener.shot()
        self._settings = opener.settings(shot)
        self.out = shot.out if out is None else out
        check_output(shot, self.out, self._settings)
        self.places = opener.find(shot)
        self._corrections = describe_corrections(shot, self.places)
        self.journal = Journal(self.out / CACHE_FOLDER / JOURNAL_FOLDER, self.places)
        # An edit that a killed desk left may have been completed just now.
        self._shot = opener.shot()
        self._corrections = describe_corrections(self._shot, self.places)
        self._is_open = True
        self._revision = 0
        self._closed = False
        self._changed = threading.Condition()
        self._editing = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._progress = _Progress()
        self._session: Session | None = None
        self._known: tuple[State, Manifest] | None = None
        self._watch = Watch()
        self._lost: frozenset[str] = frozenset()
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
        with self._editing:
            self.journal.close()

    # What the page asks for

    @property
    def shot(self) -> Shot:
        """The shot as it was opened last."""
        return self._shot

    def read_manifest(self) -> Manifest:
        """Read the manifest of the painted frames, once while it does not change; one without frames before the first
        run, or if it is damaged.
        """
        path = self.out / MANIFEST_NAME
        state, known = look_at(path), self._known
        if state is not None and known is not None and known[0] == state:
            return known[1]
        if state is not None:
            try:
                manifest = Manifest.read(self.out)
                self._known = state, manifest
                return manifest
            except FramecolorError:  # the run paints its frames again
                pass
        shot = self._shot
        height, width = shot.size
        return Manifest(self.out, shot.name, "", width, height, {}, (), None, ())

    def find_entry(self, number: int) -> tuple[FrameEntry | None, str]:
        """Find the newest entry of a frame and its hash; (None, "") if it is not painted yet."""
        with self._changed:
            return self._progress.entries.get(number, (None, ""))

    def find_colors(self, number: int) -> tuple[NDArray[np.uint8] | None, str]:
        """Find the newest colors of a frame's regions and their hash; (None, "") if only its file has them."""
        with self._changed:
            return self._progress.colors.get(number, (None, ""))

    @property
    def versions(self) -> dict[int, str]:
        """The hash of each frame's newest entry, by number."""
        with self._changed:
            return {number: version for number, (_, version) in self._progress.entries.items()}

    def state(self) -> dict[str, Any]:
        """Describe the desk for the page.

        revision     rises with every edit and every change on disk
        painted      the revision that the frames in OUT are of; -1 before the first run has ended
        running, done, total  of the run
        corrections  entries of the shot's file
        undo, redo   what they would do, in words, or None
        frames       number -> hash of the frame's entry
        colors       number -> hash of the colors of its regions, which are decided before it is painted
        page         hash of the manifest, which decides what else the page shows
        error        why the last run failed, or None
        said         warnings of the last run
        """
        with self._changed:
            progress = self._progress
            frames = sorted((number, version) for number, (_, version) in progress.entries.items())
            return {
                "revision": self._revision,
                "painted": progress.painted,
                "running": progress.running,
                "done": progress.done,
                "total": progress.total,
                "corrections": self._corrections,
                "undo": self.journal.undo_text,
                "redo": self.journal.redo_text,
                "frames": {str(number_to_json(number)): version for number, version in frames},
                "colors": {str(number_to_json(n)): version for n, (_, version) in sorted(progress.colors.items())},
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

        Raises InputError if the edit is refused, also as the shot could not be opened with it, OutputError if a file
        cannot be written.
        """

        def work() -> Sequence[Path]:
            edit = make(self._shot, self.places)
            paths = self.journal.apply(edit)
            if paths and (problem := self._find_problem(edit)) is not None:
                self.journal.retract()
                raise problem
            return paths

        return self._apply(work)

    def undo(self) -> dict[str, Any]:
        """Undo the last edit. Returns and raises as `edit`."""
        return self._apply(self.journal.undo)

    def redo(self) -> dict[str, Any]:
        """Redo the edit that was undone last. Returns and raises as `edit`."""
        return self._apply(self.journal.redo)

    def _apply(self, work: Callable[[], Sequence[Path]]) -> dict[str, Any]:
        with self._editing:
            paths = work()
            if paths:
                self._watch.note(paths)
                self._open_again()
                with self._changed:
                    self._advance()
        if paths:
            self._publish()
        return self.state()

    def _find_problem(self, edit: Edit) -> InputError | None:
        """Find why a shot cannot be opened with the pictures that an edit has written, or does not use them.

        A shot that could not be opened before is not judged.
        """
        written = [name for name, content in edit.files.items() if content is not None]
        pictures = [self.places.locate(name) for name in written if name.startswith((f"{KEYS}/", f"{HINTS}/"))]
        if not pictures or not self._is_open:
            return None
        try:
            shot = self._open.shot()
        except InputError as error:
            return error
        used = {*shot.keys.values(), *shot.hints.values()}
        unused = next((path for path in pictures if path not in used), None)
        fix = "remove the other picture of that drawing"
        return None if unused is None else InputError(unused, "would not be used", fix)

    def _open_again(self) -> None:
        """Open the shot after an edit, so that the next edit begins with what this one wrote."""
        try:
            shot = self._open.shot()
            corrections = describe_corrections(shot, self.places)
        except FramecolorError:  # the run names it
            return
        with self._changed:
            self._shot, self._corrections = shot, corrections

    def _advance(self) -> None:
        self._revision += 1
        self._changed.notify_all()

    def _publish(self) -> None:
        for listener in list(self._listeners):
            listener()

    # Painting

    def _paint(self) -> None:
        """Paint whenever there is a newer revision, until the desk is closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._revision != self._progress.tried)
                if self._closed:
                    return
                revision = self._revision
                self._progress.running, self._progress.done, self._progress.total = True, 0, 0
            self._publish()
            error, is_passing = None, False
            try:
                self._run(revision)
            except _Superseded:
                continue
            except FramecolorError as caught:
                error, is_passing = str(caught), isinstance(caught, OutputError)
            except Exception as caught:
                error = f"painting failed ({type(caught).__name__}: {caught}); see `framecolor colorize`"
            if error is not None and self._revision != revision:
                continue  # files changed while they were read
            self._take_over()
            release_freed()
            with self._changed:
                progress = self._progress
                progress.error, progress.running = error, False
                progress.tried = progress.tried if is_passing else revision
                progress.painted = progress.painted if error is not None else revision
            self._publish()
            if is_passing:
                self._wait(_RETRY_SECONDS)

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def _run(self, revision: int) -> None:
        with self._editing:
            self._watch.reset(self._take_snapshot())
        self._is_open = False
        shot = self._open.shot()
        settings = self._open.settings(shot)
        if self._progress.painted >= 0:
            settings = replace(settings, overwrite=False)
        corrections = describe_corrections(shot, self.places)
        self._is_open = True
        if self._session is None or settings != self._settings:
            self._session, self._settings = Session(self._note, self._settle), settings
        with self._changed:
            if self._revision == revision:
                self._shot, self._corrections = shot, corrections
        self._publish()

        def listen(event: Event) -> None:
            if self._closed or self._revision != revision:
                raise _Superseded
            if isinstance(event, Progress) and event.stage == "paint":
                self._progress.done, self._progress.total = event.done, event.total
            if isinstance(event, Progress | FrameDone):
                self._publish()

        outcome = self._paint_shot(shot, self.out, settings, listen, session=self._session)
        failed = [f"frame {number_to_json(number)}: {error}" for number, error in outcome.failed.items()]
        self._progress.said = (*failed, *outcome.warnings)

    def _note(self, entry: FrameEntry) -> None:
        version = digest(entry.format())[:16]
        with self._changed:
            self._progress.entries[entry.number] = entry, version

    def _settle(self, number: int, colors: NDArray[np.uint8]) -> None:
        version = digest(colors.tobytes())[:16]
        with self._changed:
            known = self._progress.colors.get(number)
            self._progress.colors[number] = colors, version
        if known is None or known[1] != version:
            self._publish()

    def _take_over(self) -> None:
        """Take over what the manifest says of all frames."""
        try:
            page = digest(read_file(self.out / MANIFEST_NAME))
        except OSError:
            page = ""
        frames = self.read_manifest().frames
        entries = {entry.number: (entry, digest(entry.format())[:16]) for entry in frames}
        with self._changed:
            self._progress.entries, self._progress.page = entries, page

    # Changes on disk

    def _look(self) -> None:
        """Look for files of the shot that something else changes, and for frames that go away."""
        while not self._closed:
            self._wait(_POLL_SECONDS)
            with suppress(FramecolorError, OSError), self._editing:  # a run names what is wrong
                if self._watch.find_changed(self._take_snapshot()) or self._has_lost_frames():
                    self._open_again()
                    with self._changed:
                        self._advance()
                    self._publish()

    def _take_snapshot(self) -> Snapshot:
        return take_snapshot(self._shot, self.places, self._list_named())

    def _list_named(self) -> list[Path]:
        return [self._shot.root / name for name in self._settings.list_files().values()]

    def _has_lost_frames(self) -> bool:
        """Tell whether frames are gone that were there, and that no run was begun for yet."""
        with self._changed:
            if self._progress.running:
                return False
            kept = [entry for entry, _ in self._progress.entries.values() if entry.status != "failed"]
        files = (entry.file for entry in kept if entry.is_inside and entry.paint is not None)
        lost = frozenset(file for file in files if not (self.out / file).is_file())
        is_new = not lost <= self._lost
        self._lost = lost
        return is_new
