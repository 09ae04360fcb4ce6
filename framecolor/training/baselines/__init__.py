"""Systems of the literature, one folder each: the network, its recipe, and the colorist that paints with its weights.

To add one, name these three in a row of `framecolor.networks.systems`. `adversary` holds the losses of critics,
`colorist` what all these colorists share. Imports training, colorists, networks and below.
"""
