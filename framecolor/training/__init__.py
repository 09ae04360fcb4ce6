"""How the weights are made: data, the loop, a recipe each. Imports networks, matching, colorists and below."""
