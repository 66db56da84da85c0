"""The web process: the API, and the pages mounted into it."""
