"""How is a card laid out, section by section? Imports the card's words, fields and schema."""
