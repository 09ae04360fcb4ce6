"""The demo shot, drawn in code: geometry, an inking canvas, the motion, and the character."""
