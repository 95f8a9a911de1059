"""Look inside checkpoints: forward passes over fixed tokens, and the arrays that they give."""
