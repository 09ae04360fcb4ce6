"""Style transfer: Gatys et al. 2016, one picture in the style of another. Imports baselines."""
