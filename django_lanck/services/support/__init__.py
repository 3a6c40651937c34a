"""What support staff read about a number and do for its person."""
