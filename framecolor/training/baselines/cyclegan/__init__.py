"""CycleGAN: Zhu et al. 2017, from sketches to color without pairs. Imports baselines."""
