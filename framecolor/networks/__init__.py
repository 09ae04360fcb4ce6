"""What the networks are: layers, weights, checkpoints, exports. Imports lineart, config and below."""
