"""The page of a number: its story, the diagnosis of a missing code, and the actions of staff."""
