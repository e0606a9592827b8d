"""Real text: load, clean, split by document, encode; pages and their quality."""
