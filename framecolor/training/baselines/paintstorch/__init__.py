"""PaintsTorch: Hati et al. 2019, a few brush strokes. Imports baselines."""
