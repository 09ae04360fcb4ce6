"""A job as Slurm runs it: a real one, on this host, with tasks that are killed, queued again, and fail for good."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import PROGRAMS, Cluster, run_cluster
from drawings import make_shot
from farming import SPANS, make_environment, make_farm_shot
from painting import read_all

from framecolor import Settings, Shot
from framecolor.farm import plan_job, write_job

STUB = """\
#!/bin/bash
# Stands for framecolor: notes which step it is and which GPU it sees; the task of the first span fails.
echo "$1 $2 gpu ${CUDA_VISIBLE_DEVICES:-none}" >> "$(dirname "$0")/calls"
[ "$1" = colorize ] && sleep 1
case "$*" in *1001-1004*) exit 3 ;; esac
"""

STOPPED = f"""
# framecolor, whose tasks are stopped in their first try, when they have painted a frame.
import os, signal, subprocess, sys, time
from pathlib import Path
from framecolor import Progress
from framecolor.pipeline import colorize as pipeline

whole = pipeline.colorize_part

def colorize_part(shot, out, settings, listener):
    def listen(event):
        listener(event)
        if isinstance(event, Progress) and event.done == 1 and "SLURM_RESTART_COUNT" not in os.environ:
            if "{SPANS[0]}" in sys.argv:
                os.kill(os.getpid(), signal.SIGKILL)
            task = "{{SLURM_ARRAY_JOB_ID}}_{{SLURM_ARRAY_TASK_ID}}".format(**os.environ)
            subprocess.run(["scontrol", "requeue", task], check=True)
            time.sleep(60)  # until Slurm ends it
    return whole(shot, out, settings, listen)

pipeline.colorize_part = colorize_part
from framecolor.cli import main
main()
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    problem = f"no {', '.join(missing)} on this machine" if missing else "" if os.geteuid() == 0 else "needs root"
    if problem and os.environ.get("FRAMECOLOR_REQUIRE_SLURM"):
        pytest.fail(f"FRAMECOLOR_REQUIRE_SLURM is set: {problem}")
    if problem:
        pytest.skip(problem)
    with run_cluster(make_environment(tmp_path_factory.mktemp("tmp"))) as cluster:
        yield cluster


def write(root: Path, folder: Path, settings: Settings) -> Path:
    """A Slurm job of a task for each span."""
    write_job(plan_job(str(root), Shot.open(root), settings, chunk_frames=1), folder, slurm=True)
    return folder


def write_program(folder: Path, text: str) -> Path:
    """A framecolor of the test's own, in a folder that holds nothing else."""
    program = folder / "bin/framecolor"
    program.parent.mkdir()
    program.write_text(text)
    program.chmod(0o755)
    return program


def submit(cluster: Cluster, folder: Path, *options: str, path: str = "") -> tuple[str, str, str]:
    """Hand a job to Slurm, from elsewhere; the numbers of its three Slurm jobs."""
    printed = cluster.call(folder / "submit.sh", *options, cwd=Path("/"), path=path)
    found = re.fullmatch(r"prepare (\d+), color (\d+)_\[0-1\], finish (\d+)", printed)
    assert found is not None, printed
    return found[1], found[2], found[3]


def test_slurm_paints_what_one_run_paints(single_run: dict[str, bytes], cluster: Cluster, tmp_path: Path) -> None:
    """One task is killed in the middle of its work and queues itself again; Slurm queues the other one again."""
    root = make_farm_shot(tmp_path / 'it\'s a {{"$HOME"}} %d' / "cut")
    folder = write(root, tmp_path / "the job's %a {{folder}}", Settings(min_region_px=5))
    program = write_program(tmp_path, f"#!{sys.executable}\n{STOPPED}")
    _, color, finish = submit(cluster, folder, path=str(program.parent))
    ended = cluster.wait(finish)
    assert [state["JobState"] for state in ended] == ["COMPLETED"], (folder / "logs/finish.log").read_text()
    tasks = {state["ArrayTaskId"]: state for state in cluster.states(color)}
    assert {(task["JobState"], task["Restarts"]) for task in tasks.values()} == {("COMPLETED", "1")}
    logs = [(folder / f"logs/color-{task}.log").read_text() for task in range(2)]
    assert [log.count("queued again") for log in logs] == [1, 0]
    assert [log.count("Running step") for log in logs] == [2, 2], "the log of the first try is still there"
    assert read_all(root / "color") == single_run


def test_gpus_are_shared_out_and_a_task_that_keeps_failing_ends(cluster: Cluster, tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 7, (0, 3, 6))
    folder = write(root, tmp_path / "job", Settings(engine="cuda"))
    stub = write_program(tmp_path, STUB)
    _, color, finish = submit(cluster, folder, "--comment=a test", path=str(stub.parent))
    assert [state["JobState"] for state in cluster.wait(finish)] == ["COMPLETED"], "whatever became of the others"
    tasks = {state["ArrayTaskId"]: (state["JobState"], state["Restarts"]) for state in cluster.states(color)}
    assert tasks == {"0": ("FAILED", "2"), "1": ("COMPLETED", "0")}
    calls = (stub.parent / "calls").read_text().splitlines()
    assert [call.split()[:2] for call in (calls[0], calls[-1])] == [["farm", "prepare"], ["farm", "finish"]]
    gpus = [call.split()[-1] for call in calls]
    assert (gpus[0], gpus[-1]) == ("0", "none"), "Finish needs none"
    assert len(calls) == 6 and set(gpus[1:-1]) == {"0", "1"}, "two tasks at once do not share one"
