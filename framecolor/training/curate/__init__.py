"""Curate folders of paintings and movies into a training set: collect, sift, extract lines, clean flats, pack.

In order: `collect` finds pictures, `junk` and `duplicates` reject some, `flats` and `extract_lines` make the flats and
lines of each (`picture`), `shards` writes and reads them, `build` runs all of this, `sheet` shows the result.
"""
