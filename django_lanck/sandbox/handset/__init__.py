"""The page of simulated handsets."""
