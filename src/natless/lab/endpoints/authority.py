"""The lab's own certificate authority: made at start, gone with the lab, trusted by nobody outside."""

from __future__ import annotations

import datetime as dt
import itertools
import pathlib
import ssl
import threading
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS = 30
_NO_NAME = "unnamed.natless.lab"


class Authority:
    """A CA and the TLS contexts of the hosts it vouches for."""

    def __init__(self, folder: str) -> None:
        """Make a CA whose files lie in `folder` (it is made where missing)."""
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._count = itertools.count(1)
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._key = ec.generate_private_key(ec.SECP256R1())
        # One key for all leaves: making a key costs more than signing one.
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self._own_certificate()
        self.ca_file = str(self._folder / "ca.pem")
        """The CA's certificate (PEM): what tasks trust."""
        pathlib.Path(self.ca_file).write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def server_context(self) -> ssl.SSLContext:
        """Give a server's context that presents, to each client, the certificate of the host it asks for (SNI)."""
        context = self._new_context(_NO_NAME)

        def choose(connection: ssl.SSLObject, host: str | None, _context: ssl.SSLContext) -> None:
            if host:
                connection.context = self._context(host.lower())

        context.sni_callback = choose
        return context

    def issue(self, names: tuple[str, ...]) -> tuple[str, str, str]:
        """Issue a certificate for host names, `*.` ones too; give it, its chain, and its key, each in PEM."""
        key = self._leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain, leaf = (
            each.public_bytes(serialization.Encoding.PEM) for each in (self._certificate, self._leaf(*names))
        )
        return leaf.decode(), chain.decode(), key.decode()

    def _context(self, host: str) -> ssl.SSLContext:
        with self._lock:
            if host not in self._contexts:
                self._contexts[host] = self._new_context(host)
            return self._contexts[host]

    def _new_context(self, host: str) -> ssl.SSLContext:
        # The standard library takes certificates from files only; this folder is a tmpfs that ends with the lab.
        file = self._folder / f"leaf-{next(self._count)}.pem"
        file.touch(mode=0o600)
        certificate, _, key = self.issue((host,))
        file.write_text(certificate + key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        file.unlink()
        return context

    def _own_certificate(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "natless lab")])
        usage = _key_usage(key_cert_sign=True, crl_sign=True)
        public = self._key.public_key()
        return (
            _builder(name, name, public)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _leaf(self, *hosts: str) -> x509.Certificate:
        # A common name holds 64 characters at most, a host name 253: hosts stand in the alternative name.
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "natless lab service")])
        public = self._leaf_key.public_key()
        return (
            _builder(name, self._certificate.subject, public)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=_DAYS))
    )


def _key_usage(**granted: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    usages: dict[str, Any] = {name: granted.get(name, False) for name in names}
    return x509.KeyUsage(**usages)
