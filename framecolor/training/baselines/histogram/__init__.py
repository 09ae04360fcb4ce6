"""Automatic Colorization for Line Arts: the colors of a reference's histogram. Imports deepcolor's U-Net, baselines."""
