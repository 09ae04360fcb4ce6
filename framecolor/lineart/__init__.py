"""A drawing: its ink and trace lines, its regions, and what networks see of them. Imports config and below."""
