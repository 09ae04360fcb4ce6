"""Exposure sheets: which drawing each track shows in each frame. `files` finds and reads them; a module a format."""
