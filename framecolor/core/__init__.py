"""What all the rest stands on: types, hashes, files, stages in threads, the machine. Imports errors only."""
