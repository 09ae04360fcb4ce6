"""Lanes: process several pictures at once on each GPU, with PyTorch or engine files.

`runner` turns drawings into tasks and hands them to `dispatch`, which batches them by shape and gives each batch to the
`lane` that is least busy. A lane copies a batch to the GPU through its `buffers`, runs a module that is bound to its
shapes (`modules`; `torch_modules` for PyTorch, `engines.tensorrt.execution` for an engine file) on its stream, reduces
the outputs on the GPU (`pooling`) and copies the result back. `device` is the GPU as lanes use it; `autotune` measures
how many lanes are fastest.
"""
