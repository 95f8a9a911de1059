"""Two or more experiments, or the conditions of one, side by side."""
