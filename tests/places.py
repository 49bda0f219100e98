"""Where the project stands, its data sets that it does not carry, and its other environment."""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"
FLOWER = Path(f"{sys.prefix}-flower") / "bin" / "python"
"""The Python of `make flower`, which stands beside this one."""
