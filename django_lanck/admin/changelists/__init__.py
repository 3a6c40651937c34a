"""The lists and pages of the models."""
