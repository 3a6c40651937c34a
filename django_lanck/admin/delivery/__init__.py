"""The delivery dashboard."""
