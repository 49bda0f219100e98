"""What follows from sums over patients: arrays in, arrays out; no file, no protocol, no centre's name."""
