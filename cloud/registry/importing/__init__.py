"""Import of Excel and CSV files into the registry, with row and column in every problem."""
