"""More than words: characters as pictures with names, music, digits as tokens, bytes and bits."""
