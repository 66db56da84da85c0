"""Measured by hand with `python3 dev.py bench`; never part of the suite. Figures go into REPORT.md."""
