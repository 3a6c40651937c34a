"""The changelists and detail pages of the models."""
