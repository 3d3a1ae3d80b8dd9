"""Who is it: what the operator knows of the network, and whose device is behind an address."""
