"""Constants that several layers share. Light, as `framecolor --help` imports it."""

PAPER_BORDER = 0.1
"""A region along at least this share of the picture's border is paper, unless the keys of a close-up show otherwise."""

SHARPNESS = 4.0
"""Sharpness of the soft maximum that joins the scores of a color's regions: a color scores nearly as its best region.

The rule of votes, of the painter network and of the training of both. Softer, colors of many regions would win.
"""
