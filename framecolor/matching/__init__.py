"""Which regions of two drawings are the same: by flow, and by features of networks. Imports lineart and core."""
