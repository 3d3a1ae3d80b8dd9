"""sFlow version 5: sampled packet headers and sampled IP records of switches and routers to flows."""
