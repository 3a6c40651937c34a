"""A LANCK that runs inside a Django site and speaks the real HTTP API, with a page of simulated handsets.

An app of its own: it imports nothing of ``django_lanck``, so that it is evidence about the app and not an
echo of it.
"""
