"""What may leave a centre? Arrays and counts in, sentences and numbers out; no file is touched.

In the order in which a centre asks:

1. `cells.check_cells`: no group under the limit; else no slopes of that outcome leave.
2. `families.allow_families`: not more parameters than so many patients bear.
3. `summaries`: counts, bins, means for Table 1 as they may be written.
4. `solving.check_solvable`: nobody's numbers can be solved from all that was and will be shared.
5. `noise.plan_noise`, `noise.add_noise`, `noise.tell_cost`: differential privacy, if the
   network agreed on it.
"""
