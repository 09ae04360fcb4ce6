"""The settings of a run, and the levels of files, variables and options that they come from. Imports core."""
