"""StencilTorch: Hati et al. 2022, a human in the loop. Imports paintstorch, which it builds on, and baselines."""
