"""The flow table: one schema, its batches, addresses as text, the filter language."""
