"""A job for Slurm: two scripts that run the steps of the OpenJD template beside them."""

from __future__ import annotations

import shlex

from framecolor.farm.job import FarmJob
from framecolor.farm.openjd import COLOR, FINISH, PREPARE

SUBMIT_NAME, STEP_NAME = "submit.sh", "step.sh"

_SUBMIT = """\
#!/usr/bin/env bash
# Submits this job to Slurm: Prepare, then Color as an array of {count} tasks, then Finish. Can be run from anywhere.
# Options go to every sbatch:  ./submit.sh --partition=render --cpus-per-task=8 --mem=16G
# The hosts need this folder, the shot, and `framecolor` and `openjd` (pip install 'framecolor[farm]') on the PATH.
set -euo pipefail
job=$(cd -- "$(dirname -- "${{BASH_SOURCE[0]}}")" && pwd)
mkdir -p "$job/logs"
logs=${{job//%/%%}}/logs  # Slurm replaces patterns after % in the names of logs

submit() {{  # submit STEP [options]: prints the number of the job
    sbatch --parsable --job-name={name}"-$1" --chdir="$job" --requeue --open-mode=append --kill-on-invalid-dep=yes \\
        "${{@:2}}" "$job/{step}" "$1" | cut -d ';' -f 1
}}

prepare=$(submit {PREPARE} --output="$logs/prepare.log" {gpu}"$@")
color=$(submit {COLOR} --output="$logs/color-%a.log" {gpu}--array=0-{last} --dependency="afterok:$prepare" "$@")
# After the array in any case: Finish lists the missing frames, and fails if there are any.
finish=$(submit {FINISH} --output="$logs/finish.log" --dependency="afterany:$color" "$@")
echo "prepare $prepare, color ${{color}}_[0-{last}], finish $finish"
"""

_STEP = """\
#!/usr/bin/env bash
# One task of this job, on the host that Slurm chose: a step of the OpenJD job in this folder. See {submit}.
retries=2
spans=(
{spans}
)

task=()
if [ "$1" = {COLOR} ]; then
    task=(--task-param "Span=${{spans[SLURM_ARRAY_TASK_ID]}}")
fi
openjd run template.json --step "$1" --no-run-dependencies --job-param file://parameters.json "${{task[@]}}"
code=$?

# Slurm repeats a task if its host fails, but not if its process does, such as for lack of memory.
if [ "$code" != 0 ] && [ "$1" != {FINISH} ] && [ "${{SLURM_RESTART_COUNT:-0}}" -lt "$retries" ]; then
    echo "failed: queued again"
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
"""


def write_submit(job: FarmJob) -> str:
    """Format the script that submits the job to Slurm."""
    return _SUBMIT.format(
        count=len(job.chunks),
        last=len(job.chunks) - 1,
        name=shlex.quote("framecolor-" + "".join(c for c in job.name if c.isprintable())),
        gpu="--gres=gpu:1 " if job.needs_gpu else "",
        step=STEP_NAME,
        PREPARE=PREPARE,
        COLOR=COLOR,
        FINISH=FINISH,
    )


def write_step(job: FarmJob) -> str:
    """Format the script that runs each task."""
    spans = "\n".join(f"    {chunk.frames}" for chunk in job.chunks)
    return _STEP.format(spans=spans, submit=SUBMIT_NAME, COLOR=COLOR, FINISH=FINISH)
