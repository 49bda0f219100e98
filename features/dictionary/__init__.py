"""What can be known about a patient, and how it becomes numbers. Imports `files`, `errors`."""
