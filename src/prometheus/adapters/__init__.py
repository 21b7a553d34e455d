"""Everything that talks to the outside: price and text sources, brokers, clocks."""
