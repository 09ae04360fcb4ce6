"""A drawing: its ink and trace lines, its regions, and the networks' input planes. Imports config and below."""
