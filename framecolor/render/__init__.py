"""Frames from regions and colors: paint, lines on top, encoded. Imports propagation, output and below."""
