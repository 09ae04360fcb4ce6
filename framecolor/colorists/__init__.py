"""Colorists: what paints one drawing by itself; those of the literature are in `training/baselines/`.

`base` holds the protocol and what a colorist can be told; `open_colorist` opens a weights file by the table of
`networks.systems`. A colorist's soft color becomes a clean flat painting in `flats`, and `propose` puts both together.

Imports networks, lineart and below.
"""
