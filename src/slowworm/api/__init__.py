"""The public functions behind ``slowworm.…``, one module each."""
