"""Colors carried from keys through the drawings between them, and how sure they are. Imports keys and below."""
