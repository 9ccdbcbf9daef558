"""Runs real Kamailio on loopback for the demonstration and the tests: two edges, one domain. Not for production.

Two processes, because Kamailio's auth module knows one digest algorithm per process: the device edge takes the kiosks
over wss: with SHA-256, the desk edge takes JsSIP over ws: with MD5. Both checks are Kamailio's own, and the MD5 of the
desk cannot weaken what a kiosk is asked for. The edges speak UDP to each other on loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import hashlib
import logging
import os
import re
import shutil
import signal
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import msgspec

DOMAIN = "svar.example"

_TEMPLATE = Path(__file__).with_name("kamailio.cfg")
_USER = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_HEX = re.compile(r"[0-9a-f]+")
_END_WITH_US = ("setpriv", "--pdeathsig", "TERM", "--")
"""Nobody is left to stop Kamailio when our own process is killed."""
_START_LIMIT_S = 15.0
_STOP_LIMIT_S = 5.0
_LOG_LINES = 200

log = logging.getLogger(__name__)


class KamailioError(Exception):
    """Kamailio is not installed, or did not come up; the text says what it said."""


class DigestAlgorithm(enum.Enum):
    """RFC 8760 names. It decides at which edge an account registers."""

    SHA_256 = "SHA-256"
    MD5 = "MD5"


class Account(msgspec.Struct, frozen=True):
    """Who may register as ``sip:username@svar.example``. ``ha1``: hex digest of user:realm:password."""

    username: str
    ha1: str
    algorithm: DigestAlgorithm


def account(username: str, password: str, algorithm: DigestAlgorithm) -> Account:
    """The account for a password, which is not kept: only its HA1. Raises ValueError for an unusable user name."""
    if not _USER.fullmatch(username):
        raise ValueError(f"user name {username!r}: small letters, digits, dot, dash and underscore only")
    secret = f"{username}:{DOMAIN}:{password}".encode()
    digest = hashlib.sha256(secret) if algorithm is DigestAlgorithm.SHA_256 else hashlib.md5(secret)
    return Account(username, digest.hexdigest(), algorithm)


def _free_udp_ports() -> tuple[int, int]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second,
    ):
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def _quoted(value: str | Path) -> str:
    """A path inside a Kamailio string or substdef."""
    text = str(value)
    if not re.fullmatch(r"[\w./@+ -]+", text):
        raise KamailioError(f"{text!r} cannot stand in a Kamailio configuration: use a plainer directory name")
    return text


class _Edge:
    """One Kamailio process with the directory that it lives in."""

    def __init__(self, program: str, directory: Path, name: str) -> None:
        self._program = program
        self._directory = directory
        self._name = name
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._said: list[str] = []

    async def start(self) -> None:
        run = self._directory / "run"
        run.mkdir(exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            *_END_WITH_US,
            self._program,
            *("-f", str(self._directory / "edge.cfg"), "-DD", "-E", "-m", "32", "-M", "4"),
            *("-Y", str(run), "-w", str(run)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        if self._process.stderr is not None:
            self._reader = asyncio.create_task(self._read(self._process.stderr))

    async def _read(self, stream: asyncio.StreamReader) -> None:
        """Its log ends in a file; the last lines are kept for an error message."""
        with (self._directory / "kamailio.log").open("wb") as file:
            while line := await stream.readline():
                file.write(line)
                file.flush()
                self._said.append(line.decode(errors="replace").rstrip())
                del self._said[:-_LOG_LINES]

    def check(self) -> None:
        """Raises KamailioError when the process has ended."""
        if self._process is not None and self._process.returncode is not None:
            errors = [line for line in self._said if "ERROR" in line or "CRITICAL" in line] or self._said
            raise KamailioError(
                f"Kamailio's {self._name} edge ended with {self._process.returncode}: " + " | ".join(errors[:5])
            )

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _STOP_LIMIT_S)
            except TimeoutError:
                log.warning("kamailio %s edge did not end by itself", self._name)
        # Its workers share its process group, which is ours alone (start_new_session).
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if self._reader is not None:
            await self._reader
            self._reader = None


class Kamailio:
    """Both edges. ``directory`` is filled with configuration, log and run-time files (mode 0700)."""

    def __init__(
        self,
        directory: Path,
        certificate: Path,
        key: Path,
        accounts: Sequence[Account],
        wss_port: int,
        ws_port: int,
    ) -> None:
        """``certificate`` and ``key``: PEM, shown on ``wss_port`` (kiosks); ``ws_port`` is plain, for the desk."""
        for one in accounts:
            length = 64 if one.algorithm is DigestAlgorithm.SHA_256 else 32
            if not _USER.fullmatch(one.username) or len(one.ha1) != length or not _HEX.fullmatch(one.ha1):
                raise ValueError(f"account {one.username!r} cannot be used")
        self._directory = directory
        self._certificate = certificate
        self._key = key
        self._accounts = tuple(accounts)
        self._wss_port = wss_port
        self._ws_port = ws_port
        self._edges: tuple[_Edge, ...] = ()
        self._udp_ports: tuple[int, int] | None = None

    @property
    def wss_address(self) -> str:
        """Where a kiosk connects."""
        return f"wss://127.0.0.1:{self._wss_port}"

    @property
    def ws_address(self) -> str:
        """Where the nurse's page connects."""
        return f"ws://127.0.0.1:{self._ws_port}"

    async def start(self) -> None:
        """Returns when both ports have answered a WebSocket handshake. Raises KamailioError."""
        program = shutil.which("kamailio", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if program is None:
            raise KamailioError(
                "kamailio is not installed: install kamailio, kamailio-websocket-modules and kamailio-tls-modules"
            )
        version = await self._version(program)
        if self._udp_ports is None:
            # Kept over a restart: they stand in the routes of calls that go on meanwhile.
            self._udp_ports = _free_udp_ports()
        device_udp, desk_udp = self._udp_ports
        device = self._write_edge("device", version, device_udp, desk_udp, DigestAlgorithm.SHA_256)
        desk = self._write_edge("desk", version, desk_udp, device_udp, DigestAlgorithm.MD5)
        self._edges = (_Edge(program, device, "device"), _Edge(program, desk, "desk"))
        try:
            for edge in self._edges:
                await edge.start()
            async with asyncio.timeout(_START_LIMIT_S):
                await self._until_it_answers(self.wss_address)
                await self._until_it_answers(self.ws_address)
        except TimeoutError as error:
            await self.stop()
            raise KamailioError(
                f"Kamailio did not answer within {_START_LIMIT_S:g} s: see {self._directory}/*/kamailio.log"
            ) from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End both. Returns when every process of them is gone."""
        edges, self._edges = self._edges, ()
        for edge in edges:
            await edge.stop()

    async def _version(self, program: str) -> tuple[int, int]:
        process = await asyncio.create_subprocess_exec(
            program, "-v", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        said, _ = await process.communicate()
        found = re.search(rb"kamailio (\d+)\.(\d+)", said)
        if found is None:
            raise KamailioError(f"{program} -v tells no version")
        return int(found[1]), int(found[2])

    def _write_edge(
        self, name: str, version: tuple[int, int], udp_port: int, peer_port: int, algorithm: DigestAlgorithm
    ) -> Path:
        directory = self._directory.absolute() / name
        directory.mkdir(parents=True, exist_ok=True)
        os.chmod(self._directory, 0o700)
        lines = [
            "#!KAMAILIO",
            f"#!define {name.upper()}_EDGE",
            f'#!substdef "!DOMAIN!{DOMAIN}!g"',
            f'#!substdef "!PEER_PORT!{peer_port}!g"',
            '#!substdef "!LOG_LEVEL!1!g"',
            f"listen=udp:127.0.0.1:{udp_port}",
        ]
        if algorithm is DigestAlgorithm.SHA_256:
            tls = [
                "[server:default]",
                "method = TLSv1.2+",
                "verify_certificate = no",
                "require_certificate = no",
                f"private_key = {_quoted(self._key.absolute())}",
                f"certificate = {_quoted(self._certificate.absolute())}",
            ]
            (directory / "tls.cfg").write_text("\n".join(tls) + "\n")
            lines += [
                f'#!substdef "!TLS_CONFIG!{_quoted(directory / "tls.cfg")}!g"',
                "enable_tls=yes",
                f"listen=tls:127.0.0.1:{self._wss_port}",
            ]
            if version >= (5, 8):
                # OpenSSL 3 keeps state per thread; Kamailio forks after having used it.
                lines.append("tls_threads_mode=2")
        else:
            lines.append(f"listen=tcp:127.0.0.1:{self._ws_port}")
        # By its bare name, beside this file: Kamailio 6 takes no include with a space in its path.
        (directory / _TEMPLATE.name).write_bytes(_TEMPLATE.read_bytes())
        lines += [f'include_file "{_TEMPLATE.name}"', "event_route[htable:mod-init] {"]
        lines += [
            f'    $sht(accounts=>{one.username}) = "{one.ha1}";' for one in self._accounts if one.algorithm is algorithm
        ]
        lines += ["    return;", "}", ""]
        configuration = directory / "edge.cfg"
        configuration.unlink(missing_ok=True)
        with os.fdopen(os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines))
        return directory

    async def _until_it_answers(self, address: str) -> None:
        """A WebSocket handshake for SIP that succeeds. Trust in the certificate is the clients' business, not ours."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        async with aiohttp.ClientSession() as session:
            while True:
                for edge in self._edges:
                    edge.check()
                try:
                    async with session.ws_connect(address, protocols=("sip",), ssl=context) as connection:
                        if connection.protocol == "sip":
                            return
                except (aiohttp.ClientError, OSError):
                    pass
                await asyncio.sleep(0.05)
