"""Rehearsal: an outbreak, the traffic it makes and what it does to routers, before it happens."""
