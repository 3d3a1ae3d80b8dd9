"""Binary files of nfdump: nfcapd, sfcapd, nfpcapd and ``nfdump -w``."""

from slowworm.sources.byteformat import ByteFormat
from slowworm.sources.nfcapd.reader import NfcapdFormat

NFCAPD = NfcapdFormat()
FORMATS: tuple[ByteFormat, ...] = (NFCAPD,)

__all__ = ["FORMATS", "NFCAPD", "NfcapdFormat"]
