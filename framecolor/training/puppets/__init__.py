"""Flat drawings that move: shapes in a tree of parts, posed frame by frame and drawn to id maps."""
