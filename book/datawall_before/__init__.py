"""The library as it was before its packages, for chapters that aren't carried over to them yet.

Nothing new belongs here. Each chapter that moves to `datawall` needs less of it; the last takes it
away. Tests of what both hold stand with `datawall`.
"""
