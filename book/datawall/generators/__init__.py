"""What can be fitted and sampled from, and how good samples are."""
