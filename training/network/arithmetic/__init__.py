"""What follows from sums over a centre's patients? Arrays in, arrays out: no file, no name."""
