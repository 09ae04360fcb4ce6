"""Recolor painted frames by mattes and a new palette, without a new run. Imports pipeline, report and below."""
