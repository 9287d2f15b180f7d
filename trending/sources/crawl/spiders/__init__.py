"""One spider a source. A spider only knows a source's addresses and the shape of its answers."""
