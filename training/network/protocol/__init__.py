"""What a network's centres have agreed on, and whether a file is what its sender wrote.

`network.toml` and the signed files that travel: settings, keys, signatures. What a share holds is
not known here. May import what the room `network` may, and nothing above it.
"""
