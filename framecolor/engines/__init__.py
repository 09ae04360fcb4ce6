"""Where networks run: OpenVINO, PyTorch, TensorRT, behind one protocol (`base`). Imports networks and below."""
