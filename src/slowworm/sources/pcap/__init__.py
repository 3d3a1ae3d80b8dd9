"""Packet captures, pcap and pcapng: from bytes to places, lengths, times and link types of packets."""
