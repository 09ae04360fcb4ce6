"""Run networks with OpenVINO, PyTorch or TensorRT behind one protocol (`base`). Imports networks and below."""
