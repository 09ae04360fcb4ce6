"""Scores of painted frames against the truth; the literature's protocols. Imports the pipeline and below."""
