"""Colorists: systems that paint one drawing by itself; those of the literature are in `training/baselines/`.

`base` holds the protocol, its inputs, and `open_colorist`, which opens a weights file by the table of
`networks.systems`. `flats` turns a colorist's soft color into flat colors of regions; `propose` runs both.

Imports networks, lineart and below.
"""
