"""The networks: layers, weights, checkpoints, exports. Imports matching, lineart, config and below."""
