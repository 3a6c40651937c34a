"""The ready pages: sign up, log in, change the number and confirm a user by a code. Plain Django, no REST framework."""
