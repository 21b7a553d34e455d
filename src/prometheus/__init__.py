"""Prometheus v2: a quantitative trading system whose every number can be explained."""

__version__ = "0.1.0"
