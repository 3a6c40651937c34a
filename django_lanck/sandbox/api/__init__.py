"""The HTTP side of the sandbox: authentication, parameters, errors and the rate limit."""
