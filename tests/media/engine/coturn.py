"""A real coturn on loopback for one test: UDP, TCP and TLS, time-limited credentials, ended by its process id."""

from __future__ import annotations

import asyncio
import base64
import datetime
import hashlib
import hmac
import ipaddress
import os
import secrets
import shutil
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aioice.ice import get_host_addresses
from aiortc import RTCIceServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"
"""Where coturn listens."""
CARRIERS = ("udp", "tcp", "tls")
_READY_LIMIT_S = 10.0


class Coturn:
    """``server("tls")`` is what a kiosk is configured with; ``tls`` trusts the certificate it shows."""

    def __init__(self, secret: str, port: int, tls_port: int, authority: Path) -> None:
        self.port = port
        self.tls_port = tls_port
        self.authority = authority
        self.tls = ssl.create_default_context(cafile=str(authority))
        self._secret = secret

    def url(self, carrier: str) -> str:
        if carrier == "tls":
            return f"turns:{HOST}:{self.tls_port}?transport=tcp"
        return f"turn:{HOST}:{self.port}?transport={carrier}"

    def server(self, *carriers: str, valid_s: int = 600, credential: str | None = None) -> RTCIceServer:
        """``valid_s`` negative: expired. ``credential``: another than the right one."""
        username = f"{int(time.time()) + valid_s}:kiosk"
        digest = hmac.new(self._secret.encode(), username.encode(), hashlib.sha1).digest()
        right = base64.b64encode(digest).decode()
        return RTCIceServer([self.url(carrier) for carrier in carriers], username, credential or right)


def free_port() -> int:
    """A port where nothing listens, for UDP and TCP."""
    while True:
        with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            stream.bind((HOST, 0))
            port = int(stream.getsockname()[1])
            with suppress(OSError):
                datagrams.bind((HOST, port))
                return port


def relayed_host() -> str:
    """The address of relayed candidates: one that a browser pairs with its own, which loopback is not."""
    return next(iter(get_host_addresses(use_ipv4=True, use_ipv6=False)), HOST)


def _certificates(directory: Path) -> tuple[Path, Path, Path]:
    """Authority, certificate of the server, its key."""
    now = datetime.datetime.now(tz=datetime.UTC)

    def make(
        name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey, authority: bool
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if authority:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        else:
            names = [x509.IPAddress(ipaddress.ip_address(HOST)), x509.DNSName("localhost")]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(signer, hashes.SHA256())

    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    paths = directory / "authority.pem", directory / "relay.pem", directory / "relay.key"
    encoding = serialization.Encoding.PEM
    paths[0].write_bytes(make("Tests", authority_key, "Tests", authority_key, True).public_bytes(encoding))
    paths[1].write_bytes(make("relay", key, "Tests", authority_key, False).public_bytes(encoding))
    paths[2].write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return paths


@asynccontextmanager
async def coturn(directory: Path) -> AsyncIterator[Coturn]:
    """Started, ready, and gone afterwards. Raises FileNotFoundError where coturn is not installed."""
    program = shutil.which("turnserver")
    if program is None:
        raise FileNotFoundError("turnserver: install the Debian package coturn")
    authority, certificate, key = _certificates(directory)
    secret, port, tls_port = secrets.token_hex(16), free_port(), free_port()
    log = directory / "coturn.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            program,
            "-n",
            *("--listening-ip", HOST, "--relay-ip", relayed_host(), "--allow-loopback-peers"),
            *("--listening-port", str(port), "--tls-listening-port", str(tls_port)),
            *("--cert", str(certificate), "--pkey", str(key), "--no-dtls"),
            *("--use-auth-secret", "--static-auth-secret", secret, "--realm", "svar.test"),
            *("--relay-threads", "1", "--no-cli", "--no-rfc5780", "--no-software-attribute"),
            *("--userdb", str(directory / "turndb"), "--pidfile", str(directory / "pid")),
            *("--log-file", "stdout", "--simple-log"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"PATH": os.environ.get("PATH", "")},
        )
    try:
        await _ready(process, (port, tls_port), log)
        yield Coturn(secret, port, tls_port, authority)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 3)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _ready(process: asyncio.subprocess.Process, ports: tuple[int, ...], log: Path) -> None:
    async with asyncio.timeout(_READY_LIMIT_S):
        for port in ports:
            while True:
                if process.returncode is not None:
                    raise RuntimeError(f"coturn ended: {log.read_text(errors='replace')[-2000:]}")
                try:
                    _, writer = await asyncio.open_connection(HOST, port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                await writer.wait_closed()
                break
