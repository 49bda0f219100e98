"""Where the project stands, and where the data sets that it does not carry are looked for."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"
