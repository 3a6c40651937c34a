"""The page with the simulated handset."""
