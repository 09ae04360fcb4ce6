"""Where training sequences come from: one file per source, each a function that yields `IdSequence`s."""
