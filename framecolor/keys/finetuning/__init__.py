"""Fit the generator to a shot's own keys, and keep the fit."""
