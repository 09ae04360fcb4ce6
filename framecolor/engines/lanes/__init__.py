"""Lanes: several pictures on their way through each GPU at once, whatever computes them.

`runner` makes tasks of drawings (in `tiles` where one is too large) and hands them to `dispatch`, which batches them by
shape (`jobs`) and gives each batch to the `lane` that is least busy. A lane copies a batch in through its `rings`, lets
a body that is bound to its shapes (`station`; `bodies`: PyTorch, `plans.body`: a compiled plan) compute on its stream,
has the outputs reduced on the device (`pooling`) and copies the result out. `streams` is the device as lanes use it,
`host_device` a double of it on the processor, `shortage` how it tells that memory ran out; `tuning` measures how many
lanes are best.
"""
