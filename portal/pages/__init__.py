"""The pages. Each finds the noun, checks the right, calls one verb and shows the answer."""
