"""Paint a shot on a render farm: Open Job Description (https://github.com/OpenJobDescription), and Slurm on top of it.

A job has three steps, whose tasks are ordinary framecolor commands:

    Prepare   framecolor farm prepare    makes what all tasks share: the engine files, the fit, the proposal
    Color     framecolor colorize --part one task per chunk of spans (`spans`)
    Finish    framecolor farm finish     gathers the manifests of the tasks, and writes the report

Imports shot, engines, output and below.
"""

from framecolor.farm.job import FarmJob, plan_job
from framecolor.farm.job_folder import PARAMETERS_NAME, TEMPLATE_NAME, write_job
from framecolor.farm.local import THIS_PROGRAM, run_job
from framecolor.farm.openjd import build_parameters, build_template
from framecolor.farm.slurm import SUBMIT_NAME
from framecolor.farm.spans import CHUNK_FRAMES, Chunk, cut_spans

__all__ = [
    "CHUNK_FRAMES",
    "PARAMETERS_NAME",
    "SUBMIT_NAME",
    "TEMPLATE_NAME",
    "THIS_PROGRAM",
    "Chunk",
    "FarmJob",
    "build_parameters",
    "build_template",
    "cut_spans",
    "plan_job",
    "run_job",
    "write_job",
]
