"""What is asked for: the experiment, its conditions, and the names of its files."""
