"""What the arrays of a probe mean: tables, fits and phases."""
