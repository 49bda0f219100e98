"""What are patients like, and how do groups or two times differ? Imports only `features`."""
