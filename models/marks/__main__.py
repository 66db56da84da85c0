"""Keeps the marks of the form as it stands."""

from __future__ import annotations

from models.marks import keep

if __name__ == "__main__":
    print(f"Kept in {keep()}")
