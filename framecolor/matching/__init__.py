"""Match the regions of two drawings, by flow and by features of networks. Imports lineart and core."""
