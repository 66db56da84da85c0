"""A real browser against the running product."""
