# SPDX-License-Identifier: LGPL-3.0-only
"""A certificate authority of this machine and the certificate of its gateway."""

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .settings import HOST_NAMES, LOCAL

DEFAULT_NAMES = ("localhost", "127.0.0.1", "::1")
DAYS = 397
RENEWAL_DAYS = 30


class Authority:
    """Makes and keeps, in one folder, an authority and a server certificate.

    `ca` is what clients verify with; `server` holds certificate and private key in
    one PEM file as HAProxy reads it. The authority may sign for the names of this
    gateway only (name constraints), so trusting it opens nothing else.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or LOCAL / "tls"
        self.ca = self.folder / "ca.pem"
        self.server = self.folder / "server.pem"
        extra = (name.strip() for name in HOST_NAMES.value.split(","))
        self.names = (*DEFAULT_NAMES, *(name for name in extra if name))

    def prepare(self) -> None:
        """Make what is missing, about to expire or made for other names."""
        if self._valid():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        authority = self._sign_authority(key)
        server_key = ec.generate_private_key(ec.SECP256R1())
        server = self._sign_server(server_key, key, authority)
        _write(self.server, _pem(server) + _pem(authority) + _pem_key(server_key))
        _write(self.ca, _pem(authority), mode=0o644)

    def _valid(self) -> bool:
        if not (self.ca.exists() and self.server.exists()):
            return False
        certificate = x509.load_pem_x509_certificate(self.server.read_bytes())
        alternatives = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        ).value
        limit = _now() + datetime.timedelta(days=RENEWAL_DAYS)
        return (
            certificate.not_valid_after_utc > limit
            and list(alternatives) == [_general_name(name) for name in self.names]
            and certificate.issuer
            == x509.load_pem_x509_certificate(self.ca.read_bytes()).subject
        )

    def _sign_authority(self, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        # The private key is not kept: a renewal makes a new authority.
        name = _subject(f"Recall traceability demo authority {os.urandom(4).hex()}")
        permitted = [_constraint(entry) for entry in self.names]
        return (
            _builder(name, name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .add_extension(x509.NameConstraints(permitted, None), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )

    def _sign_server(
        self,
        key: ec.EllipticCurvePrivateKey,
        authority_key: ec.EllipticCurvePrivateKey,
        authority: x509.Certificate,
    ) -> x509.Certificate:
        names = [_general_name(name) for name in self.names]
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(
            authority_key.public_key()
        )
        return (
            _builder(_subject("localhost"), authority.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False
            )
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(issuer_key, critical=False)
            .sign(authority_key, hashes.SHA256())
        )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    # An hour back, for a clock that is behind.
    start = _now() - datetime.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=DAYS))
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _constraint(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_network(name))
    except ValueError:
        return x509.DNSName(name)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace the file in one step; a private key is never readable by others."""
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    temporary.replace(path)
