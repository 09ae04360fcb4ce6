"""Fuzzing of everything that reads a file: coverage-guided by `scripts/fuzz`, a short run of it in tests/test_fuzz.py.

    target.py    what a target is, and how one input is tried
    mutate.py    changes that keep a file readable far enough to be looked into: JSON, PNG, safetensors
    pictures.py, levels.py, movies.py, palettes.py, tables.py, sheets.py, sequences.py, caches.py, weights.py,
    training.py  the targets
    worker.py    one process: one target, libFuzzer through atheris
    __main__.py  a worker for each target, one after the other; the results as JSON

A new parser gets a target in one of these modules; a new module a line in `GROUPS`.
"""

GROUPS = ("pictures", "levels", "movies", "palettes", "tables", "sequences", "sheets", "weights", "caches", "training")
"""Modules of targets; a target's whole name is GROUP.NAME."""
