"""The loop of models that train on models, its policies, and what theory expects."""
