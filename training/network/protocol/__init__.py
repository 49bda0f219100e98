"""What have the centres of a network agreed on, who says so, and is a file what its sender wrote?

`network.toml` and the signed files that travel: settings, keys, signatures. What a share holds is
not known here. May import what the room `network` may, and nothing above it.
"""
