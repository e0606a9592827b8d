"""Data that isn't text: drawn digits, rare events, and the networks that judge them."""
