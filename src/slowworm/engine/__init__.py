"""How partitions of flows are run through the passes: here, in this process."""
