"""The Data Wall's library: one module, one job. Import the modules, e.g. `from datawall import laws`."""
