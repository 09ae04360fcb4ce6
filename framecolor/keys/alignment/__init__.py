"""Find keys that are moved, scaled or turned against their drawing, and align them."""
