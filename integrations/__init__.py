"""The systems outside: one module each, with a small Protocol and the real implementation."""
