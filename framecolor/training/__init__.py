"""How weights are made: data, the loop, recipes, systems of the literature. Imports networks, matching, colorists."""
