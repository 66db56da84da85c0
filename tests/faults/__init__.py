"""The product among systems that misbehave and workers that die, and what must be true of both sides afterwards."""
