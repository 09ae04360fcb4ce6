"""Colorists: networks that paint one drawing by themselves, one file for each system of the literature.

`base` holds the protocol and what a colorist can be told; `open_colorist` finds the class for a weights file. A
colorist's soft color becomes a clean flat painting in `flats`, and `propose` puts both together.

Imports networks, lineart and below.
"""
