"""A shot on disk: drawings, keys, exposure sheets, annotations and spans. Imports media and below."""
