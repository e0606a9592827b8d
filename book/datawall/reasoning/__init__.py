"""Problems whose answers can be checked: draws, choosers, practice, steps written out, search."""
