"""What all the rest stands on: types, hashes, files, threads and their clock, the machine. Imports errors only."""
