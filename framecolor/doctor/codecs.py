"""Codecs: one small picture through each of them, into a file and out again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from framecolor.doctor.finding import Finding, Target
from framecolor.media.self_test import Trial, try_movies, try_read_images, try_written_images

_FIX = "pip install --force-reinstall av OpenImageIO opencv-python-headless; a libav of the system may be in the way"


def check_images(target: Target) -> Iterator[Finding]:
    """Formats of single frames."""
    with tempfile.TemporaryDirectory(prefix="framecolor-doctor-") as folder:
        yield from _report("images written and read", try_written_images(Path(folder)))
        yield from _report("images read", try_read_images(Path(folder)))


def check_movies(target: Target) -> Iterator[Finding]:
    """Movies."""
    with tempfile.TemporaryDirectory(prefix="framecolor-doctor-") as folder:
        yield from _report("movies written and read", try_movies(Path(folder)))


def _report(what: str, trials: Iterable[Trial]) -> Iterator[Finding]:
    """One finding for all that came back as they went in, and one for each that did not.

    Formats whose extra is missing are left out: `check_extras` tells of it.
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
