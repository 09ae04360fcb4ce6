"""Plans: networks compiled by TensorRT, kept on disk.

`order` makes of a profile (`profiles`: engines/*.toml) and one of the `backends` a plan's key and its graph; `cache`
finds the plan by its key or has it compiled by `compiler`, with measurements of earlier builds from `timing_cache`.
`runtime` opens a plan and refits it with a shot's weights. A `context` runs it: for `body` on a lane, for `matcher` on
streams of its own. `verify` and `prune` look after the plans that are there.
"""
