"""TensorRT: networks compiled to engine files, which are kept on disk.

`engine` says whether it can run here, `runner` puts engine files on lanes. `build` makes of a profile (`profiles`:
engines/*.toml) and one of the `backends` an engine file's key and its graph; `cache` finds the file by its key or has
it compiled by `compiler`, with measurements of earlier builds from `timing_cache`. `runtime` opens it and refits it
with a shot's weights; an `execution` context runs it, on a lane or for `matcher` on streams of its own. `verify` and
`prune` look after the engine files that are there.
"""
