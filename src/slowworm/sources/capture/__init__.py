"""Packet captures: of the exports that routers send, or of the traffic itself."""
