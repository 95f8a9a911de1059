"""What a training step does besides matrix products, in C that is compiled for this machine's processor."""
