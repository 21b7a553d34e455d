"""Two policies as plain loops over floats, written apart from the product, to compare it with."""

import numpy as np

N, BUFFER, SLIPPAGE, COMMISSION, INITIAL = 5, 0.97, 5e-4, 5e-4, 10_000_000.0


def momentum(closes, day, *, back=12, skip=3):
    return closes[day - skip] / closes[day - back] - 1


def reversal(closes, day):
    return -(closes[day] / closes[day - 5] - 1)


def chosen(score):
    return np.argsort(-score, kind="stable")[:N]


def equity(opens, closes, rebalance_days, score):
    """Return the equity at each close of a loop that decides at the close and trades at the next open."""
    shares = np.zeros(closes.shape[1])
    cash, wanted, out = INITIAL, None, []
    for day in range(len(closes)):
        if wanted is not None:
            change = wanted - shares
            for is_buy in (False, True):
                for name in np.flatnonzero(change > 0 if is_buy else change < 0):
                    price = opens[day, name] * (1 + SLIPPAGE if is_buy else 1 - SLIPPAGE)
                    cash -= change[name] * price + abs(change[name]) * price * COMMISSION
            shares, wanted = wanted, None
        worth = cash + (shares * closes[day]).sum()
        out.append(worth)
        if day in rebalance_days:
            wanted = np.zeros_like(shares)
            for name in chosen(score(closes, day)):
                wanted[name] = np.floor(BUFFER * worth / N / closes[day, name])
    return np.array(out)
