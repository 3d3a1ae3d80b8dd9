"""NetFlow v1 to v9 and IPFIX: datagrams → flow batches, with template state and an account of what was lost."""
