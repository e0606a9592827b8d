"""The Data Wall's library: one module, one job, imported as in `from datawall import laws`."""
