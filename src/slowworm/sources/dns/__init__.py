"""DNS beside the flows: which client had got which address by name, from captures and logs, and the join."""
