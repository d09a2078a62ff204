"""Published figures, each once, and verdicts on them."""
