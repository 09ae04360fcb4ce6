"""Propagate colors from keys through the drawings between them, with confidence. Imports keys and below."""
