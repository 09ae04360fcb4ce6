"""Rigged 3D characters: read, posed, seen by a camera and drawn as id maps."""
