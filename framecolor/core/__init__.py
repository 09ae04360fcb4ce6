"""The base of all other folders: types, hashes, files, threads and their clock, the machine. Imports errors only."""
