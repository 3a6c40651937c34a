"""Calls to LANCK, the account, number lookups and alarms."""
