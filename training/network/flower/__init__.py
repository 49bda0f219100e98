"""The same steps for a network that runs Flower: rounds go out and shares come in over its links.

Flower is the post and nothing else: what travels are the signed files, byte for byte, and what is
done with them is what is done with files. `app` alone imports flwr (`make flower`). May import
what the room `network` may, and all of it below.
"""
