"""Check the codecs: write a small picture with each of them and read it again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from framecolor.doctor.finding import Finding, Target
from framecolor.media.self_test import Trial, try_movies, try_read_images, try_written_images

_FIX = "pip install --force-reinstall av OpenImageIO opencv-python-headless; a libav of the system may conflict"


def check_images(target: Target) -> Iterator[Finding]:
    """Check the formats of single frames."""
    with tempfile.TemporaryDirectory(prefix="framecolor-doctor-") as folder:
        yield from _report("images written and read", try_written_images(Path(folder)))
        yield from _report("images read", try_read_images(Path(folder)))


def check_movies(target: Target) -> Iterator[Finding]:
    """Check the codecs of movies."""
    with tempfile.TemporaryDirectory(prefix="framecolor-doctor-") as folder:
        yield from _report("movies written and read", try_movies(Path(folder)))


def _report(what: str, trials: Iterable[Trial]) -> Iterator[Finding]:
    """Yield one finding for all trials that gave the same picture back, and one for each of the others.

    Formats whose extra is missing are left out, as `check_extras` reports them.
    """
    good = []
    for trial in trials:
        data = {"codec": trial.name}
        if trial.extra:
            continue
        if trial.problem:
            yield Finding("codecs", "fail", f"{trial.name}: {trial.problem}"[:300], _FIX, data)
        else:
            good.append(trial.name)
    if good:
        yield Finding("codecs", "ok", f"{what}: {', '.join(good)}", data={"codecs": good})
