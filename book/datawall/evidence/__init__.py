"""An experiment's settings and seeds, intervals, studies."""
