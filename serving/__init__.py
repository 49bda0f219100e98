"""How an estimate reaches a person."""
