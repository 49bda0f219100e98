"""Who signs or refuses, and how is the record kept from tampering? Imports `card` and below."""
