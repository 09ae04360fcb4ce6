"""Run a job on this machine, task after task, in the same Open Job Description sessions as a farm's hosts."""

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
"""The command that runs this framecolor, whatever is on the PATH."""

Progress = Callable[[str, int, int], None]

_STAGE = re.compile(r": (fit|paint) (\d+)/(\d+)$")
# Lines of a task for the user; the others are progress, or a table of its own frames.
_PROBLEM = re.compile(r"(warning|failed|error): ")
# A task that ends without an error message is explained by its last lines.
_LAST_LINES = 20


def run_job(job: FarmJob, folder: Path, progress: Progress, say: Callable[[str], None]) -> int:
    """Run a job that was written to `folder`. Returns the exit code of `framecolor colorize`.

    progress  is called with the stage (fit, paint), the number of done steps and that of all
    say       is called with lines for the user: problems, each once, and the lines of Finish

    A failed task of Color does not stop the others; Finish lists the missing frames. KeyboardInterrupt cancels the
    running task as a farm does, and leaves complete frames. Raises InputError if openjd is not installed.
    """
    output = _TaskOutput(say)
    tasks = _load(folder, output)
    total = sum(chunk.count for chunk in job.chunks)
    log = logging.getLogger("openjd.sessions")
    log.addHandler(output)
    try:
        if (code := tasks.run(PREPARE, _JobProgress(progress, 0, total))) != 0:
            return max(code, 1)  # a negative code is a signal
        done = 0
        for chunk in job.chunks:
            job_progress = _JobProgress(progress, done, total)
            tasks.run(COLOR, job_progress, {SPAN: chunk.frames})
            done += chunk.count
            job_progress.report("paint", done, total)
        return 0 if tasks.run(FINISH, _JobProgress(progress, done, total)) == 0 else 1
    finally:
        log.removeHandler(output)


def _load(folder: Path, output: _TaskOutput) -> _Tasks:
    """Load the job of a folder with openjd. Raises InputError if openjd is not installed."""
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
    return _Tasks(folder, {step.name: step for step in steps}, values, output)


class _JobProgress:
    """Converts the progress of a task to that of the whole job."""

    def __init__(self, progress: Progress, done: int, total: int) -> None:
        self._progress = progress
        self._done, self._total = done, total
        self._last: tuple[str, int, int] | None = None

    def update(self, status: ActionStatus) -> None:
        """Report the job's progress from the status of its running task."""
        if (match := _STAGE.search(status.status_message or "")) is not None:
            now, of = int(match[2]), int(match[3])
            self.report(*(("fit", now, of) if match[1] == "fit" else ("paint", self._done + now, self._total)))

    def report(self, stage: str, done: int, total: int) -> None:
        """Report progress, if it changed: every message of a task repeats its last status."""
        if self._last != (stage, done, total):
            self._last = (stage, done, total)
            self._progress(stage, done, total)


@dataclass(frozen=True)
class _Tasks:
    """The tasks of a job. Each runs in a session of its own, as a session accepts no task after a failure."""

    folder: Path
    steps: Mapping[str, Step]
    values: JobParameterValues
    output: _TaskOutput

    def run(self, name: str, progress: _JobProgress, parameters: Mapping[str, str] | None = None) -> int:
        """Run one task of a step. Returns its exit code: 1 if it has none, negative for a signal."""
        from openjd.model import ParameterValue, ParameterValueType
        from openjd.sessions import ActionState, Session

        ended = threading.Event()

        def listen(_: str, status: ActionStatus) -> None:
            progress.update(status)
            if status.state != ActionState.RUNNING:
                ended.set()

        self.output.begin(all_lines=name == FINISH)
        values = {
            key: ParameterValue(type=ParameterValueType.STRING, value=text) for key, text in (parameters or {}).items()
        }
        with Session(
            session_id=name, job_parameter_values=self.values, callback=listen, session_root_directory=self.folder
        ) as session:
            session.run_task(step_script=self.steps[name].script, task_parameter_values=values)
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
            self.output.explain(" ".join([name, *(parameters or {}).values()]), status)
        return code


class _TaskOutput(logging.Handler):
    """Passes lines of tasks for the user to `say`, each problem once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say
        self._passed: set[str] = set()
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._all_lines = False

    def begin(self, *, all_lines: bool) -> None:
        """Start a task: pass on all its lines, or only its problems."""
        self._all_lines = all_lines
        self._last.clear()

    def explain(self, task: str, status: ActionStatus) -> None:
        """Explain why a task failed: by its error message or, without one, its last lines."""
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
        if self._all_lines or (_PROBLEM.match(line) and line not in self._passed):
            self._passed.add(line)
            self._say(line)
