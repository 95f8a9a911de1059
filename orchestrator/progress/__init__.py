"""How far an experiment is, as plain values, and the views that show it."""
