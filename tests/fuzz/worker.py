"""One process of a run: one target under libFuzzer. Started by `python -m fuzz`; what it counts goes into a JSON file.

python -m fuzz.worker TARGET COUNTS.json [libFuzzer's options and a folder for the corpus]
"""

from __future__ import annotations

import atexit
import json
import logging
import sys
from pathlib import Path
from random import Random

import atheris

# Ours, and what is parsed in Python below it: libFuzzer sees which branches of these an input takes.
_WATCHED = ["framecolor", "tomllib", "fileseq", "csv", "zipfile", "numpy.lib"]
_MOST_MB = 1024
_SAVE_EVERY = 100

with atheris.instrument_imports(include=_WATCHED):
    from fuzz.target import FuzzFailure, Target, find_target, peak_mb, try_input

    _TARGET = find_target(sys.argv[1])


def main() -> None:
    target, counts = _TARGET, Path(sys.argv[2])
    tried = {"inputs": 0, "accepted": 0}
    # What one input may add to what the seeds took, which is mostly torch itself.
    limit_mb = measure_seeds(target) + _MOST_MB

    def save() -> None:
        counts.write_text(json.dumps({**tried, "peak_mb": round(peak_mb())}))

    def one_input(data: bytes) -> None:
        tried["inputs"] += 1
        tried["accepted"] += try_input(target, data)
        if tried["inputs"] % _SAVE_EVERY == 0:  # libFuzzer ends the process where it stands
            save()
        if peak_mb() > limit_mb:
            raise FuzzFailure(f"{target.name}: took {peak_mb():.0f} MB of memory for {len(data)} bytes")

    def change(data: bytes, most_bytes: int, seed: int) -> bytes:
        random = Random(seed)
        if target.mutate is None or random.random() < 0.3:
            return atheris.Mutate(data, most_bytes)
        changed = target.mutate(data, random)
        return changed if len(changed) <= most_bytes else atheris.Mutate(data, most_bytes)

    atexit.register(save)
    logging.disable()  # what is damaged is said, thousands of times a second
    options = {} if target.mutate is None else {"custom_mutator": change}
    atheris.Setup([sys.argv[0], *sys.argv[3:]], one_input, **options)
    atheris.Fuzz()


def measure_seeds(target: Target) -> float:
    """The most memory after all seeds, in MB. Raises FuzzFailure when one of them is refused."""
    for seed in target.seeds():
        if not try_input(target, seed):
            raise FuzzFailure(f"{target.name} refuses its own seed {seed[:80]!r}")
    return peak_mb()


if __name__ == "__main__":
    main()
