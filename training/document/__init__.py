"""How are findings laid out for a reader: blocks, words, style, progress? Imports `features`."""
