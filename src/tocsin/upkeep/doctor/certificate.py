"""Until when a certificate is valid, read from its own bytes (X.509 is DER: tag, length, content)."""

import ssl
from datetime import UTC, datetime

EXPLICIT_VERSION = 0xA0
UTC_TIME = 0x17
BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def expiry(pem: str) -> datetime:
    """The end of the first certificate's validity; ValueError when it is none."""
    start, end = pem.find(BEGIN), pem.find(END)
    if start < 0 or end < 0:
        raise ValueError("no certificate in the file")
    der = ssl.PEM_cert_to_DER_cert(pem[start : end + len(END)])
    certificate = _parts(der)[0][1]
    signed = _parts(_parts(certificate)[0][1]) if certificate else []
    fields = signed[1:] if signed and signed[0][0] == EXPLICIT_VERSION else signed
    if len(fields) < 4:
        raise ValueError("the certificate cannot be read")
    tag, written = _parts(fields[3][1])[1]
    form = "%y%m%d%H%M%SZ" if tag == UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(written.decode("ascii"), form).replace(tzinfo=UTC)


def _parts(der: bytes) -> list[tuple[int, bytes]]:
    """(tag, content) of every element at this level."""
    found, at = [], 0
    while at + 2 <= len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        found.append((tag, der[at : at + length]))
        at += length
    return found
