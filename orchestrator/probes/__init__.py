"""Run a study of what is inside the checkpoints: tasks, progress, conclusion."""
