"""Flow exports in packet captures: NetFlow v5, NetFlow v9 and IPFIX over UDP, as an exporter would have sent them.

rows (columns of a batch as numbers) → streams (who exports them) → records in packets → frames in a capture
"""
