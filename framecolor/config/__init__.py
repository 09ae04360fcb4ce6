"""The settings of a run, and the files, variables and options that they come from. Imports core."""
