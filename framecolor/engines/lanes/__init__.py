"""Lanes: several pictures on their way through each GPU at once, whatever computes them.

`runner` makes tasks of drawings and hands them to `dispatch`, which batches them by shape and gives each batch to the
`lane` that is least busy. A lane copies a batch in through its `buffers`, lets a module that is bound to its shapes
(`modules`; `torch_modules`: PyTorch, `engines.tensorrt.execution`: an engine file) compute on its stream, has the
outputs reduced on the device (`pooling`) and copies the result out. `device` is the GPU as lanes use it; `autotune`
measures how many lanes are best.
"""
