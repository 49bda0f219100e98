"""What can be asked of the service at the prompt? Parses, calls, prints."""
