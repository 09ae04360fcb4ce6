"""How fast every part is on this machine, and how near that is to what the machine can do.

Imports the pipeline and below.
"""
