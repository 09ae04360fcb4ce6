"""Painted frames as a movie for review, in the timing of the exposure sheet. Imports shot, output and below."""
