"""Render frames from arrays of regions and colors: paint, shading, lines on top. Imports engines and below."""
