"""A LANCK server for development that runs inside a Django site, with a page of simulated handsets.

The package imports nothing of ``django_lanck``: tests against it check the app's reading of LANCK's documentation
against an independent one.
"""
