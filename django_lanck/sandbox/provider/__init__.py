"""The simulated provider: what LANCK does with a request after the API has accepted it."""
