"""The page of one phone number: diagnosis, timeline and actions."""
