"""Files in and out: images, movies, palettes and the numbering of sequences. The only place that imports av."""
