"""Stand-ins for what the tests cannot have: they speak the real protocol, and do what a test tells them."""
