"""Phone verification for Django over LANCK Telecom's REST API."""

__version__ = "0.1.0"
