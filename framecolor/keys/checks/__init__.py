"""Check keys against their drawings and each other before anything is painted: leaks, holes, tones, color sets."""
