"""Painted pictures of other cuts and design sheets, as further keys and as a prior over colors."""
