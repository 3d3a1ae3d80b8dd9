"""Packet headers to columns: the dissector that packet captures and sampled headers (sFlow) share."""
