"""Market data: daily prices, what a delivery of them must hold, returns and volatilities."""
