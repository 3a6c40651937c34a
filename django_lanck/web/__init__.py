"""The ready pages: signing up, logging in and changing the number by a code. Plain Django, no REST framework."""
