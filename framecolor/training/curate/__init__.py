"""A folder of paintings and movies -> a training set: collected, sifted, drawn as lines, cleaned to flats, packed.

In order: `collect` finds pictures, `junk` and `duplicates` say which to leave out, `flats` and `extract_lines` make of
each what a training needs (`picture`), `shards` writes and reads it, `build` runs it all, `sheet` shows the outcome.
"""
