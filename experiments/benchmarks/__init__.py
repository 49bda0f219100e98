"""What does it cost? Imports `truth`; not in the wheel."""
