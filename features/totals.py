"""Words for a line or a column that sums up others, as people put below a table of results."""

from __future__ import annotations

__all__ = ["TOTALS"]

TOTALS = frozenset(
    "mean means average averages avg median sd stdev stddev standarddeviation sem cv minimum "
    "maximum sum sums total totals subtotal grandtotal geomean geometricmean "
    # German, Dutch, French, Spanish and Italian.
    "summe zwischensumme gesamt gesamtsumme insgesamt mittelwert durchschnitt stabw stdabw "
    "standardabweichung totaal subtotaal eindtotaal gemiddelde gemiddeld mediaan "
    "standaarddeviatie standaardafwijking totaux somme moyenne mediane ecarttype suma promedio "
    "mediana desviacionestandar desviaciontipica somma totale media "
    "summa totalt medelvarde gennemsnit".split()
)
"""Letters alone, small and without accents."""
