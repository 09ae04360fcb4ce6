"""Colorists: systems that paint one drawing by itself; those of the literature are in `training/baselines/`.

`base` holds the protocol and its inputs; `open` opens a weights file by the table of `networks.systems`. `region_head`
chooses among given colors for each region; `flats` turns soft color into flat colors of regions; `propose` runs a
colorist and `flats`.

Imports networks, matching, lineart and below.
"""
