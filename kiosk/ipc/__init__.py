"""Between the processes: typed messages, the frame ring, and the watch over children."""
