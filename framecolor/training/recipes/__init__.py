"""Recipes of the weights that ship, one a file. Imports training and below."""
