"""Learning by asking and acting: beliefs about guests, policies, logs, questions, self-play."""
