"""The room of orders, fills and positions: from targets to what is held and what it is worth."""
