"""The live desk: a page on this machine whose corrections, strokes, keys and colors repaint the shot at once.

The files of the shot are the state. An edit changes corrections.json, hints/, keys/ or recolor.toml, completely and
before it is answered; then an ordinary run brings the frames up to date. Imports report, pipeline and below.
"""
