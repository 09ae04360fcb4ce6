"""The journal of a shot's edits: what each of them changed, so that it can be undone, also after a kill.

An edit is a set of files with their content before and after. OUT/.framecolor/review holds the journal:

    journal.json    the steps by the hashes of their contents, how many of them are done, and the change in progress
    contents/HASH   the content of a file before or after a step
    lock            of the desk that has the journal open

The order of writes is: contents, journal.json with the change in progress, the shot's files, journal.json without it. A
process that is killed in between leaves either no trace of the edit or all that is needed to complete it, which is done
when the journal is opened again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from framecolor.core.files import clear_drafts, read_file, write_bytes_atomic, write_text_atomic
from framecolor.core.hashing import digest
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import InputError, OutputError
from framecolor.review.places import Places

MOST_STEPS = 500
MOST_BYTES = 1 << 30
"""Most bytes of the contents of all steps; the last step is kept whatever its size."""

_FORMAT = 1
_JOURNAL, _CONTENTS, _LOCK = "journal.json", "contents", "lock"
Side = Literal["before", "after"]


@dataclass(frozen=True)
class Edit:
    """A change of files: their names (`Places.locate`) with their new content, None to remove one.

    text  says in words what the edit is, such as "correction of frame 12"
    """

    text: str
    files: Mapping[str, bytes | None]


@dataclass(frozen=True)
class Change:
    """Hashes of a file's content before and after a step; None: there is no file."""

    before: str | None
    after: str | None

    def of(self, side: Side) -> str | None:
        """Return the hash of one side."""
        return self.before if side == "before" else self.after


@dataclass(frozen=True)
class Step:
    """An edit in the journal: the change of each file by name, and the bytes of all of its contents."""

    text: str
    files: Mapping[str, Change]
    bytes: int

    @property
    def hashes(self) -> set[str]:
        """Hashes of all contents."""
        return {one for change in self.files.values() for one in (change.before, change.after) if one is not None}


@dataclass
class _Table:
    """The journal's content.

    at       number of steps that are done; those after it can be redone
    pending  index of the step whose files are being written, and to which side; None if none is
    """

    steps: list[Step] = field(default_factory=list)
    at: int = 0
    pending: tuple[int, Side] | None = None


class Journal:
    """Applies edits to the files of a shot, and undoes and redoes them. Not thread-safe.

    A damaged or missing journal counts as an empty one.
    """

    def __init__(self, folder: Path, places: Places) -> None:
        """Open the journal in a folder, and complete the change that a killed process left.

        Raises OutputError if another desk has it open, or if the folder cannot be written to.
        """
        self._folder, self._places = folder, places
        self._lock = _claim(folder)
        try:
            clear_drafts(folder)
            clear_drafts(folder / _CONTENTS)
            self._table = self._read()
            self._complete()
        except BaseException:
            self._lock.release()
            raise

    def close(self) -> None:
        """Release the journal for another desk."""
        self._lock.release()

    @property
    def undo_text(self) -> str | None:
        """What `undo` would take back, in words; None if nothing."""
        table = self._table
        return table.steps[table.at - 1].text if table.at else None

    @property
    def redo_text(self) -> str | None:
        """What `redo` would do again, in words; None if nothing."""
        table = self._table
        return table.steps[table.at].text if table.at < len(table.steps) else None

    def apply(self, edit: Edit) -> list[Path]:
        """Write an edit's files as a new step; steps that were undone are forgotten. Returns the changed paths.

        An edit that changes nothing is no step. Raises OutputError if a file cannot be written: all are as before then.
        """
        before = {name: self._read_content(name) for name in edit.files}
        changed = {name: content for name, content in edit.files.items() if content != before[name]}
        if not changed:
            return []
        contents: dict[str, bytes] = {}
        changes: dict[str, Change] = {}
        for name, content in changed.items():
            pair = [None if one is None else _keep(contents, one) for one in (before[name], content)]
            changes[name] = Change(*pair)
        for one, content in contents.items():
            if not self._content_path(one).is_file():
                write_bytes_atomic(self._content_path(one), content)
        step = Step(edit.text, changes, sum(map(len, contents.values())))
        earlier = self._table
        steps = _bound([*earlier.steps[: earlier.at], step])
        self._save(_Table(steps, len(steps), (len(steps) - 1, "after")))
        try:
            paths = self._write(step, "after", contents)
        except OutputError:
            with suppress(OutputError):
                self._write(step, "before", contents)
                self._save(earlier)
            raise
        self._save(_Table(steps, len(steps)))
        self._forget({one for old in earlier.steps for one in old.hashes})
        return paths

    def undo(self) -> list[Path]:
        """Restore the files of the last step that is done. Returns their paths.

        Raises InputError if there is none, or if a file was changed by something else since: nothing is written then.
        """
        return self._move(self._table.at - 1, "before")

    def redo(self) -> list[Path]:
        """Write the files of the last step that was undone again. Returns and raises as `undo`."""
        return self._move(self._table.at, "after")

    def retract(self) -> None:
        """Undo the last step and forget it: the shot cannot be opened with it. Raises as `undo`."""
        self.undo()
        gone, self._table = self._table, _Table(self._table.steps[: self._table.at], self._table.at)
        self._save(self._table)
        self._forget({one for step in gone.steps for one in step.hashes})

    def _move(self, index: int, to: Side) -> list[Path]:
        table, other = self._table, _opposite(to)
        if not 0 <= index < len(table.steps):
            word = "undo" if to == "before" else "redo"
            raise InputError(word, f"there is nothing to {word}", "make an edit first")
        step = table.steps[index]
        contents: dict[str, bytes] = {}
        for name, change in step.files.items():
            path = self._places.locate(name)
            now = self._read_content(name)
            if (None if now is None else digest(now)) != change.of(other):
                problem = f"was changed since by something else, so '{step.text}' cannot be taken back or done again"
                raise InputError(path, problem, "it is left as it is; change it by hand")
            wanted = change.of(to)
            if wanted is not None and wanted not in contents:
                content = self._load(wanted)
                if content is None:
                    problem = f"its earlier content is missing or damaged in {self._folder}"
                    raise InputError(path, problem, "it is left as it is; change it by hand")
                contents[wanted] = content
        at = index if to == "before" else index + 1
        self._save(_Table(table.steps, at, (index, to)))
        paths = self._write(step, to, contents)
        self._save(_Table(table.steps, at))
        return paths

    def _complete(self) -> None:
        """Write the files of the change that was in progress, but those that something else has changed since."""
        table = self._table
        if table.pending is None:
            return
        index, to = table.pending
        for name, change in table.steps[index].files.items():
            now = self._read_content(name)
            wanted = change.of(to)
            if (None if now is None else digest(now)) != change.of(_opposite(to)):
                continue
            content = None if wanted is None else self._load(wanted)
            if wanted is None or content is not None:
                _put(self._places.locate(name), content)
        self._save(_Table(table.steps, table.at))

    def _write(self, step: Step, side: Side, contents: Mapping[str, bytes]) -> list[Path]:
        """Write one side of a step. New content first: a file that moves is there twice rather than not at all."""
        order = sorted(step.files, key=lambda name: step.files[name].of(side) is None)
        paths = [self._places.locate(name) for name in order]
        for name, path in zip(order, paths, strict=True):
            wanted = step.files[name].of(side)
            _put(path, None if wanted is None else contents[wanted])
        return paths

    def _read_content(self, name: str) -> bytes | None:
        path = self._places.locate(name)
        try:
            return read_file(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise InputError(path, f"cannot be read ({error.strerror or error})", "check its permissions") from None

    def _load(self, one: str) -> bytes | None:
        try:
            content = read_file(self._content_path(one))
        except OSError:
            return None
        return content if digest(content) == one else None

    def _content_path(self, one: str) -> Path:
        return self._folder / _CONTENTS / one

    def _forget(self, hashes: set[str]) -> None:
        """Delete those of some contents that no step has any more."""
        for one in hashes - {kept for step in self._table.steps for kept in step.hashes}:
            with suppress(OSError):
                self._content_path(one).unlink(missing_ok=True)

    def _save(self, table: _Table) -> None:
        steps = [
            {"text": s.text, "bytes": s.bytes, "files": {n: [c.before, c.after] for n, c in s.files.items()}}
            for s in table.steps
        ]
        text = json.dumps({"format": _FORMAT, "at": table.at, "pending": table.pending, "steps": steps}, indent=1)
        write_text_atomic(self._folder / _JOURNAL, text + "\n")
        self._table = table

    def _read(self) -> _Table:
        try:
            return self._parse(parse_json(read_file(self._folder / _JOURNAL)))
        except (OSError, *MISSHAPEN):
            return _Table()

    def _parse(self, data: Any) -> _Table:
        """Parse journal.json. Raises one of MISSHAPEN, also for a file that edits do not change."""
        if data["format"] != _FORMAT:
            raise ValueError("another format")
        steps = []
        for row in data["steps"]:
            files = {
                name: Change(_take_hash(before), _take_hash(after)) for name, (before, after) in row["files"].items()
            }
            for name in files:
                self._places.locate(name)
            steps.append(Step(str(row["text"]), files, int(row["bytes"])))
        at, pending = int(data["at"]), data["pending"]
        if not 0 <= at <= len(steps):
            raise ValueError("a step that is not there")
        if pending is not None:
            index, side = pending
            if not 0 <= index < len(steps) or side not in ("before", "after"):
                raise ValueError("a change that is not there")
            pending = index, side
        return _Table(steps, at, pending)


def _claim(folder: Path) -> FileLock:
    lock = FileLock(folder / _LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        fix = "use that one, or end it"
        raise OutputError(folder.parent.parent, "is open in another review already", fix) from None
    except NotImplementedError:
        pass  # a disk without locks
    except OSError as error:
        fix = "check its permissions and free space, or choose another folder with -o"
        raise OutputError(folder, f"cannot be written to ({error.strerror or error})", fix) from error
    return lock


def _keep(contents: dict[str, bytes], content: bytes) -> str:
    one = digest(content)
    contents[one] = content
    return one


def _bound(steps: list[Step]) -> list[Step]:
    """Drop the oldest steps beyond the limits."""
    first = max(0, len(steps) - MOST_STEPS)
    total = sum(step.bytes for step in steps[first:])
    while total > MOST_BYTES and first < len(steps) - 1:
        total -= steps[first].bytes
        first += 1
    return steps[first:]


def _opposite(side: Side) -> Side:
    return "after" if side == "before" else "before"


def _take_hash(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and len(value) == 32 and set(value) <= set("0123456789abcdef")):
        return value
    raise ValueError(f"{value!r:.40} is no hash")


def _put(path: Path, content: bytes | None) -> None:
    """Write a file, or remove it. Raises OutputError."""
    if content is not None:
        write_bytes_atomic(path, content)
        return
    try:
        path.unlink(missing_ok=True)
    except NotADirectoryError:
        pass  # it is not there
    except OSError as error:
        problem = f"the file cannot be removed ({error.strerror or error})"
        raise OutputError(path, problem, "check the permissions of its folder") from error
