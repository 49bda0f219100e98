"""How far must a model be adapted to other patients? Imports `report` and below."""
