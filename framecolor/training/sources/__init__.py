"""Sources of training sequences: one per file, each a function that yields `IdSequence`s."""
