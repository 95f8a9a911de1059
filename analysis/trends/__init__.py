"""Trajectories of single tokens, of whole texts and of choices over training."""
