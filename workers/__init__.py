"""What one seed does: corpus, model, training, measurement."""
