"""What to do with the last tokens: levers together, what each is worth, and what each costs."""
