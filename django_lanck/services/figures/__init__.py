"""Figures of deliveries and verifications, by day."""
