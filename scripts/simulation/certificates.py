# SPDX-License-Identifier: LGPL-3.0-only
"""An authority made on the spot, and server certificates right and wrong from it."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
LOCAL = ("localhost", "127.0.0.1")


class _ServerSocket(ssl.SSLSocket):
    """Closes itself: ssl forgets a socket that is reset before the handshake."""

    def __del__(self) -> None:
        self.close()


class Authority:
    """A certificate authority and what it issues, as files in `folder`."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Test authority")
        self._certificate = _sign(
            name, self._key.public_key(), name, self._key, authority=True
        )
        self._issued = 0
        self.ca_file = str(self.folder / "ca.pem")
        Path(self.ca_file).write_bytes(_pem(self._certificate))

    def context(
        self,
        *names: str,
        start: datetime | None = None,
        end: datetime | None = None,
        self_signed: bool = False,
    ) -> ssl.SSLContext:
        """Server side context with a certificate for `names` (default: this machine).

        `start` and `end` are its dates (default: yesterday and in a month).
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name((names or LOCAL)[0])
        issuer, signer = self._certificate.subject, self._key
        if self_signed:
            issuer, signer = subject, key
        certificate = _sign(
            subject,
            key.public_key(),
            issuer,
            signer,
            names=names or LOCAL,
            dates=(start, end),
        )
        self._issued += 1
        path = self.folder / f"server{self._issued}.pem"
        path.write_bytes(_pem(certificate) + _key_pem(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.sslsocket_class = _ServerSocket
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _sign(
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool = False,
    names: tuple[str, ...] = (),
    dates: tuple[datetime | None, datetime | None] = (None, None),
) -> x509.Certificate:
    now = datetime.now(UTC)
    end = dates[1] or now + 30 * DAY
    start = dates[0] or min(now, end) - DAY
    own, above = public_key, signer.public_key()
    builder = (
        x509.CertificateBuilder(issuer, subject, public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), False)
        .add_extension(_usage(authority), True)
    )
    if names:
        builder = builder.add_extension(_alternatives(names), False)
    return builder.sign(signer, hashes.SHA256())


def _usage(authority: bool) -> x509.KeyUsage:
    unused = (
        *("content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        **dict.fromkeys(unused, False),
    )


def _alternatives(names: tuple[str, ...]) -> x509.SubjectAlternativeName:
    entries: list[x509.GeneralName] = []
    for name in names:
        try:
            entries.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            entries.append(x509.DNSName(name))
    return x509.SubjectAlternativeName(entries)
