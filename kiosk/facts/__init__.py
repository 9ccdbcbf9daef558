"""Values that several packages share. Pure: no behaviour beyond what a value can say about itself."""
