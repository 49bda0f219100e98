"""What is known about a patient, and how it becomes numbers."""
