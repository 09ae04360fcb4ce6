"""Other colors for painted frames, without a new run: from their mattes and palettes. Imports output and below."""
