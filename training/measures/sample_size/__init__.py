"""How many patients does a model need, to be made and to be checked? Imports only `features`."""
