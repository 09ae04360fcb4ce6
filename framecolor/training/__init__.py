"""Training: data, the loop, recipes, systems of the literature. Imports networks, matching, colorists and below."""
