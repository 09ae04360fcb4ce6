"""Recipes of the shipped weights, one per file. Imports training and below."""
