"""Write painted frames as a movie for review, timed by the exposure sheet. Imports shot, output and below."""
