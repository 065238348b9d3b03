"""Which analysis each kind of data may bear, and the analyses."""
