"""Systems of the literature, a folder each: its network, its recipe, and the colorist that paints with its weights.

A row of `framecolor.networks.systems` names these three; nothing else has to know of a new system. `adversary` holds
the losses of critics, `colorist` what all of these paint alike. Imports training, colorists, networks and below.
"""
