"""Scores of painted frames against the truth, and the literature's protocols. Imports the pipeline and below."""
