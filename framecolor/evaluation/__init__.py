"""Score painted frames against the truth, by the literature's protocols. Imports the pipeline and below."""
