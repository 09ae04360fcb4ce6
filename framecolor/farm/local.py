"""A job run on this machine, task after task, in the sessions of Open Job Description that hosts of a farm use."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from framecolor.errors import InputError
from framecolor.farm.job import FarmJob
from framecolor.farm.job_folder import PARAMETERS_NAME, TEMPLATE_NAME
from framecolor.farm.openjd import COLOR, FINISH, PREPARE, SPAN

if TYPE_CHECKING:
    from openjd.model import Job, JobParameterValues, Step, TaskParameterSet
    from openjd.sessions import ActionStatus

THIS_PROGRAM = (sys.executable, "-m", "framecolor")
"""What runs framecolor here, whatever is on the PATH."""

_STAGE = re.compile(r": (fit|paint) (\d+)/(\d+)$")
# Of what a task prints, this is for people; the rest is progress, or a table of its own frames only.
_PROBLEM = re.compile(r"(warning|failed|error): ")
# A task that dies without a word is explained by what it said last.
_LAST_LINES = 20


def run_job(job: FarmJob, folder: Path, progress: Callable[[str, int, int], None], say: Callable[[str], None]) -> int:
    """Run a job that was written to `folder`; the exit code is that of `framecolor colorize`.

    progress  hears the stage (fit, paint), what is done of it and what there is to do
    say       hears lines for people: problems, each once, and what Finish says

    A task of Color that fails does not stop the others: Finish tells what is missing. KeyboardInterrupt stops the task
    that runs as a farm does: it is asked to end, and leaves whole frames. InputError where openjd is not installed.
    """
    model = _load(folder)
    sayings = _Sayings(say)
    logging.getLogger("openjd.sessions").addHandler(sayings)
    try:
        return _run_steps(job, folder, *model, progress, sayings)
    finally:
        logging.getLogger("openjd.sessions").removeHandler(sayings)


def _load(folder: Path) -> tuple[Job, JobParameterValues]:
    """The job of a folder, as openjd has it. Raises InputError where openjd is missing."""
    try:
        from openjd.model import create_job, decode_job_template, preprocess_job_parameters
    except ImportError:
        raise InputError("farm run", "needs openjd", "pip install 'framecolor[farm]'") from None
    template = decode_job_template(template=json.loads((folder / TEMPLATE_NAME).read_text("utf-8")))
    values = preprocess_job_parameters(
        job_template=template,
        job_parameter_values=json.loads((folder / PARAMETERS_NAME).read_text("utf-8")),
        job_template_dir=folder,
        current_working_dir=folder,
    )
    return create_job(job_template=template, job_parameter_values=values), values


def _run_steps(
    job: FarmJob,
    folder: Path,
    model: Job,
    values: JobParameterValues,
    progress: Callable[[str, int, int], None],
    sayings: _Sayings,
) -> int:
    from openjd.model import ParameterValue, ParameterValueType

    steps = {step.name: step for step in model.steps}
    total = sum(chunk.count for chunk in job.chunks)

    def run(name: str, values_of_task: TaskParameterSet, done: int = 0) -> int:
        def hear(status: ActionStatus) -> None:
            if (found := _STAGE.search(status.status_message or "")) is not None:
                stage, now, of = found[1], int(found[2]), int(found[3])
                progress(*(("fit", now, of) if stage == "fit" else ("paint", done + now, total)))

        sayings.begin(all_lines=name == FINISH)
        status = _run_task(folder, values, steps[name], values_of_task, hear)
        code = 1 if status.exit_code is None else status.exit_code
        if code != 0 and name != FINISH:
            sayings.explain(f"{name} {' '.join(str(v.value) for v in values_of_task.values())}".strip(), status)
        return code

    if (code := run(PREPARE, {})) != 0:
        return code if code > 0 else 1  # a negative one tells the signal that ended it
    done = 0
    for chunk in job.chunks:
        run(COLOR, {SPAN: ParameterValue(type=ParameterValueType.STRING, value=chunk.frames)}, done)
        done += chunk.count
        progress("paint", done, total)
    return 0 if run(FINISH, {}) == 0 else 1


def _run_task(
    folder: Path,
    values: JobParameterValues,
    step: Step,
    values_of_task: TaskParameterSet,
    hear: Callable[[ActionStatus], None],
) -> ActionStatus:
    """Run one task in a session of its own, as after a failure a session takes no other; how it ended."""
    from openjd.sessions import ActionState, Session

    ended = threading.Event()

    def listen(_: str, status: ActionStatus) -> None:
        hear(status)
        if status.state != ActionState.RUNNING:
            ended.set()

    with Session(
        session_id=step.name, job_parameter_values=values, callback=listen, session_root_directory=folder
    ) as session:
        session.run_task(step_script=step.script, task_parameter_values=values_of_task)
        try:
            ended.wait()
        except KeyboardInterrupt:
            session.cancel_action()
            ended.wait()
            raise
        assert session.action_status is not None
        return session.action_status


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
