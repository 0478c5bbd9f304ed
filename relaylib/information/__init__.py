"""Information of discrete arrays, in bits: entropy, relay information, removal orders, lattices."""
