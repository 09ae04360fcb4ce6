"""The networks: layers, weights, checkpoints, exports. Imports lineart, config and below."""
