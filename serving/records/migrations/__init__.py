"""How the store came to be what it is: one step after another, as Alembic takes them."""
