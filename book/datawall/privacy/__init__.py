"""Who was in a training set: attacks, secrets, and training that hides its readers."""
