"""The tiny language models: shape, training to token budgets, sampling."""
