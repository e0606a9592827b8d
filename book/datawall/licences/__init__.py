"""Licences, prices and the worth of data, and text that isn't language (chapter: licensed-data)."""
