"""The painted keys of a shot, and the drawings of which strokes or corrections tell some regions."""
