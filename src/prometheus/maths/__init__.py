"""Pure mathematics on arrays: numpy and numba only, no rows, no clock, no configuration.

Conventions
-----------
- A *window kernel* takes ``windows`` of shape (n_dates, window, n_assets); row ``i`` ends at date ``i``
  and is usually a strided, read-only view of a panel. It reduces axis 1 to (n_dates, n_assets).
- A *cross-section kernel* takes (n_dates, n_assets) and works on each day by itself.
- Missing is NaN. Decimals, not percents.
- Every output cell is computed from its own inputs in a fixed order, so a batch of a thousand dates equals
  its dates one by one, bit for bit. No fast-math, no parallel reductions, no sums carried along.

Modules are imported by name; nothing heavy is loaded here.
"""
