"""Painted keys: colors and tokens of their regions, and fitting a network to them. Imports shot, engines and below."""
