"""Match the regions of two drawings, by flow and by features of networks. Imports networks (what needs no PyTorch),
lineart and core."""
