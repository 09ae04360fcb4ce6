"""A job run on this machine, task after task, in the sessions of Open Job Description that hosts of a farm use."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from framecolor.core.text import format_install
from framecolor.errors import InputError
from framecolor.farm.job import FarmJob
from framecolor.farm.job_folder import PARAMETERS_NAME, TEMPLATE_NAME
from framecolor.farm.openjd import COLOR, FINISH, PREPARE, SPAN

if TYPE_CHECKING:
    from openjd.model import JobParameterValues, Step
    from openjd.sessions import ActionStatus

THIS_PROGRAM = (sys.executable, "-m", "framecolor")
"""What runs framecolor here, whatever is on the PATH."""

Progress = Callable[[str, int, int], None]

_STAGE = re.compile(r": (fit|paint) (\d+)/(\d+)$")
# Of what a task prints, this is for people; the rest is progress, or a table of its own frames only.
_PROBLEM = re.compile(r"(warning|failed|error): ")
# A task that dies without a word is explained by what it said last.
_LAST_LINES = 20


def run_job(job: FarmJob, folder: Path, progress: Progress, say: Callable[[str], None]) -> int:
    """Run a job that was written to `folder`; the exit code is that of `framecolor colorize`.

    progress  hears the stage (fit, paint), what is done of it and what there is to do
    say       hears lines for people: problems, each once, and what Finish says

    A task of Color that fails does not stop the others: Finish tells what is missing. KeyboardInterrupt stops the task
    that runs as a farm does: it is asked to end, and leaves whole frames. InputError where openjd is not installed.
    """
    sayings = _Sayings(say)
    tasks = _load(folder, sayings)
    total = sum(chunk.count for chunk in job.chunks)
    log = logging.getLogger("openjd.sessions")
    log.addHandler(sayings)
    try:
        if (code := tasks.run(PREPARE, _Listener(progress, 0, total))) != 0:
            return max(code, 1)  # a negative one tells the signal that ended it
        done = 0
        for chunk in job.chunks:
            listener = _Listener(progress, done, total)
            tasks.run(COLOR, listener, {SPAN: chunk.frames})
            done += chunk.count
            listener.tell("paint", done, total)
        return 0 if tasks.run(FINISH, _Listener(progress, done, total)) == 0 else 1
    finally:
        log.removeHandler(sayings)


def _load(folder: Path, sayings: _Sayings) -> _Tasks:
    """The job of a folder, as openjd has it. Raises InputError where openjd is missing."""
    try:
        from openjd.model import create_job, decode_job_template, preprocess_job_parameters
    except ImportError:
        raise InputError("farm run", "needs openjd", format_install("framecolor[farm]")) from None
    template = decode_job_template(template=json.loads((folder / TEMPLATE_NAME).read_text("utf-8")))
    values = preprocess_job_parameters(
        job_template=template,
        job_parameter_values=json.loads((folder / PARAMETERS_NAME).read_text("utf-8")),
        job_template_dir=folder,
        current_working_dir=folder,
    )
    steps = create_job(job_template=template, job_parameter_values=values).steps
    return _Tasks(folder, {step.name: step for step in steps}, values, sayings)


class _Listener:
    """Hears what a task says of its progress, and tells of the whole job's."""

    def __init__(self, progress: Progress, done: int, total: int) -> None:
        self._progress = progress
        self._done, self._total = done, total
        self._last: tuple[str, int, int] | None = None

    def hear(self, status: ActionStatus) -> None:
        if (found := _STAGE.search(status.status_message or "")) is not None:
            now, of = int(found[2]), int(found[3])
            self.tell(*(("fit", now, of) if found[1] == "fit" else ("paint", self._done + now, self._total)))

    def tell(self, stage: str, done: int, total: int) -> None:
        """Tell it, unless that was the last word already: every message of a task repeats its last status."""
        if self._last != (stage, done, total):
            self._last = (stage, done, total)
            self._progress(stage, done, total)


@dataclass(frozen=True)
class _Tasks:
    """The tasks of a job, each of which runs in a session of its own: after a failure a session takes no other."""

    folder: Path
    steps: Mapping[str, Step]
    values: JobParameterValues
    sayings: _Sayings

    def run(self, name: str, listener: _Listener, parameters: Mapping[str, str] | None = None) -> int:
        """Run one task of a step; its exit code, 1 where it has none, negative for the signal that ended it."""
        from openjd.model import ParameterValue, ParameterValueType
        from openjd.sessions import ActionState, Session

        ended = threading.Event()

        def listen(_: str, status: ActionStatus) -> None:
            listener.hear(status)
            if status.state != ActionState.RUNNING:
                ended.set()

        self.sayings.begin(all_lines=name == FINISH)
        given = {
            key: ParameterValue(type=ParameterValueType.STRING, value=text) for key, text in (parameters or {}).items()
        }
        with Session(
            session_id=name, job_parameter_values=self.values, callback=listen, session_root_directory=self.folder
        ) as session:
            session.run_task(step_script=self.steps[name].script, task_parameter_values=given)
            try:
                ended.wait()
            except KeyboardInterrupt:
                session.cancel_action()
                ended.wait()
                raise
            status = session.action_status
        assert status is not None
        code = 1 if status.exit_code is None else status.exit_code
        if code != 0 and name != FINISH:
            self.sayings.explain(" ".join([name, *(parameters or {}).values()]), status)
        return code


class _Sayings(logging.Handler):
    """Passes on what people should read of all that tasks print; `say` hears each problem once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say
        self._said: set[str] = set()
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._all_lines = False

    def begin(self, *, all_lines: bool) -> None:
        """A task begins: pass on everything that it prints for people, or its problems only."""
        self._all_lines = all_lines
        self._last.clear()

    def explain(self, task: str, status: ActionStatus) -> None:
        """A task failed: say why, in its own words or, where it has none, in its last lines."""
        if status.fail_message is None:
            for line in self._last:
                self._say(line)
        self._say(f"failed: {task}: {status.fail_message or f'ended with code {status.exit_code}'}")

    def emit(self, record: logging.LogRecord) -> None:
        from openjd.sessions import LogContent

        content = getattr(record, "openjd_log_content", None)
        line = record.getMessage()
        if content != LogContent.COMMAND_OUTPUT or line.startswith("openjd_"):
            return
        self._last.append(line)
        if self._all_lines or (_PROBLEM.match(line) and line not in self._said):
            self._said.add(line)
            self._say(line)
