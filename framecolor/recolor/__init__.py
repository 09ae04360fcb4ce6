"""Other colors for painted frames, without a new run: from mattes and palettes. Imports pipeline, report and below."""
