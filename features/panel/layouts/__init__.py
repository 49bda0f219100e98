"""How do instruments and people lay out a panel's file? Imports its words, names and cells."""
