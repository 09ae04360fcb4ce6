"""The output folder: its manifest, mattes, lock, and checks before it is written to. Imports shot and below."""
