"""Train runs that differ only in their seeds in one process, as one model with a leading axis of seeds."""
