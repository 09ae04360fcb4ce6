"""One training recipe a file. Imports training and below."""
