"""TensorRT: compile networks to engine files, keep these on disk, and run them.

`engine` checks whether it can run here, `runner` puts engine files on lanes. `build` exports the network of a profile
(`profiles`: engines/*.toml) and computes the engine file's key for one of the `backends`; `cache` finds the file by its
key or has it compiled by `compiler`, with timings of earlier builds from `timing_cache`. `runtime` opens it and refits
it with a shot's weights; an `execution` context runs it, on a lane or for `matcher` on its own streams. `verify` and
`prune` check and remove engine files.
"""
