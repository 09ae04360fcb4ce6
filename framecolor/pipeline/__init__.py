"""One run on one shot: which frames, from which keys, in overlapped stages. Imports propagation and below."""
