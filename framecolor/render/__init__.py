"""Frames from regions and colors, on arrays alone: paint, shading, lines on top. Imports engines and below."""
