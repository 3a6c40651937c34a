"""The HTTP side of the sandbox: access, parsing and validation of parameters, errors, and the rate limit."""
