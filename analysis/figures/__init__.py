"""Plots: each takes an Axes, returns it and saves nothing."""
