"""Painted keys: the colors and tokens of their regions, a network tuned on them. Imports shot, engines and below."""
