"""TLS: what is shown, how it is renewed while the gateway is served, and what becomes of those who speak otherwise."""

import asyncio
import contextlib
import logging
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from helios_gateway.accounts.accounts import DEMO_ACCOUNTS
from helios_gateway.admission.limits import Limits
from helios_gateway.clusters.simulated import SimulatedCluster
from helios_gateway.gateway import Gateway, Options
from helios_gateway.service.certificates import CertificateError, Certificates
from helios_gateway.simulation.simulation import Simulation

Until = Callable[[Callable[[], bool | Awaitable[bool]]], Awaitable[None]]


class Authority:
    """A CA of the test's own, and the two files that it fills."""

    def __init__(self, directory: Path) -> None:
        self._ca = trustme.CA()
        self.certificate = directory / "certificate.pem"
        self.key = directory / "key.pem"
        self.trust = ssl.create_default_context()
        self._ca.configure_trust(self.trust)
        self.renew()

    def issue(self) -> trustme.LeafCert:
        """A certificate for this machine."""
        return self._ca.issue_cert("localhost", "127.0.0.1")

    def renew(self) -> None:
        """Replace both files, as a renewal does."""
        issued = self.issue()
        self.put(self.certificate, issued.cert_chain_pems[0].bytes())
        self.put(self.key, issued.private_key_pem.bytes())

    def put(self, path: Path, content: bytes) -> None:
        """Replace one file."""
        new = path.with_suffix(".new")
        new.write_bytes(content)
        new.replace(path)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def certificates(authority: Authority) -> Certificates:
    return Certificates(authority.certificate, authority.key)


@dataclass
class Secure:
    """A gateway over TLS, and a session that trusts it."""

    gateway: Gateway
    port: int
    http: aiohttp.ClientSession
    trust: ssl.SSLContext

    async def serial_shown(self, host: str = "127.0.0.1") -> Any:
        """The serial number of the certificate that a new client is shown."""
        reader, writer = await asyncio.open_connection(host, self.port, ssl=self.trust)
        serial = writer.get_extra_info("ssl_object").getpeercert()["serialNumber"]
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        await reader.read()
        return serial


@pytest.fixture
async def secure(authority: Authority, certificates: Certificates) -> AsyncIterator[Secure]:
    cluster = SimulatedCluster(Simulation(seed=1, is_calm=True), now_ns=lambda: 1_800_000_000_000_000_000)
    limits = Limits(header_s=0.3)
    gateway = Gateway(cluster, Options(DEMO_ACCOUNTS, port=0, limits=limits, tls=certificates.context))
    connector = aiohttp.TCPConnector(ssl=authority.trust)
    async with gateway.serving(), aiohttp.ClientSession(connector=connector) as http:
        yield Secure(gateway, gateway.ports["node1"].number, http, authority.trust)


async def silent(port: int, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect from that loopback address, and say nothing."""
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))


async def test_silence_before_the_handshake_takes_no_more_places_than_one_address_may_have(
    authority: Authority, certificates: Certificates, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = SimulatedCluster(Simulation(seed=1, is_calm=True), now_ns=lambda: 1_800_000_000_000_000_000)
    limits = Limits(header_s=1.0, connections=12, connections_per_address=8)
    gateway = Gateway(cluster, Options(DEMO_ACCOUNTS, port=0, limits=limits, tls=certificates.context))
    async with gateway.serving():
        port = gateway.ports["node1"].number
        silence = [await silent(port, "127.0.0.7") for _ in range(20)]
        await until(lambda: gateway.metrics.refused["connections"] == 12)
        # Those for whom there is no place are cut at once, without a handshake.
        await until(lambda: sum(reader.at_eof() for reader, _writer in silence) == 12)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=authority.trust)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b" 200 " in await reader.readline()
        writer.close()
        # Once their time is over, their places are free again.
        async with asyncio.timeout(10):
            assert [await reader.read() for reader, _writer in silence] == [b""] * 20
        again = [await silent(port, "127.0.0.7") for _ in range(8)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=authority.trust)
        assert gateway.metrics.refused["connections"] == 12
        for _reader, one in [*silence, *again, (reader, writer)]:
            one.close()
    assert "which is the most" in caplog.text


async def test_login_and_socket_work_over_tls(secure: Secure) -> None:
    url = secure.gateway.ports["node1"].url
    assert url == f"https://127.0.0.1:{secure.port}"
    async with secure.http.post(f"{url}/api/auth/login", json={"username": "admin", "password": "admin123"}) as answer:
        token = (await answer.json())["token"]
    async with secure.http.ws_connect(f"{url}/ws/cluster", headers={"Authorization": f"Bearer {token}"}) as socket:
        assert (await socket.receive_json(timeout=5))["type"] == "status"


def test_nothing_older_than_tls_1_2_is_spoken(certificates: Certificates) -> None:
    assert certificates.context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["without a name", "with a name"])
async def test_a_renewed_certificate_is_shown_and_open_sockets_live_on(
    secure: Secure, authority: Authority, certificates: Certificates, host: str
) -> None:
    url = secure.gateway.ports["node1"].url
    async with secure.http.post(f"{url}/api/auth/login", json={"username": "admin", "password": "admin123"}) as answer:
        token = (await answer.json())["token"]
    async with secure.http.ws_connect(f"{url}/ws/cluster", headers={"Authorization": f"Bearer {token}"}) as socket:
        assert (await socket.receive_json(timeout=5))["type"] == "status"
        before = await secure.serial_shown(host)
        assert await secure.serial_shown(host) == before
        authority.renew()
        certificates.reload()
        after = await secure.serial_shown(host)
        assert after != before
        await socket.send_json({"type": "ping"})
        assert (await socket.receive_json(timeout=5))["type"] == "pong"


async def test_changed_files_are_seen_without_a_signal(
    secure: Secure, authority: Authority, certificates: Certificates, until: Until
) -> None:
    before = await secure.serial_shown()
    watching = asyncio.create_task(certificates.watch(0.01))
    authority.renew()

    async def is_renewed() -> bool:
        return bool(await secure.serial_shown() != before)

    await until(is_renewed)
    watching.cancel()


async def test_half_a_renewal_is_told_once_and_the_old_certificate_stays_until_the_rest_comes(
    secure: Secure, authority: Authority, certificates: Certificates, until: Until, caplog: pytest.LogCaptureFixture
) -> None:
    before = await secure.serial_shown()
    looks = 0
    look = certificates._look

    def counted() -> Any:
        nonlocal looks
        looks += 1
        return look()

    certificates._look = counted  # type: ignore[method-assign]
    watching = asyncio.create_task(certificates.watch(0.005))
    issued = authority.issue()
    authority.put(authority.certificate, issued.cert_chain_pems[0].bytes())
    await until(lambda: "is not that of the certificate" in caplog.text)
    seen = looks
    await until(lambda: looks > seen + 5)
    assert caplog.text.count("the certificate stays as it was") == 1
    assert await secure.serial_shown() == before
    authority.put(authority.key, issued.private_key_pem.bytes())

    async def is_renewed() -> bool:
        return bool(await secure.serial_shown() != before)

    await until(is_renewed)
    watching.cancel()


def test_a_certificate_that_is_gone_for_a_while_is_a_change_and_not_a_crash(
    authority: Authority, certificates: Certificates
) -> None:
    authority.key.unlink()
    with pytest.raises(CertificateError, match=r"cannot read .*: No such file"):
        certificates.reload()
    authority.renew()
    certificates.reload()


def test_what_cannot_be_shown_is_one_sentence(authority: Authority, tmp_path: Path) -> None:
    other = authority.issue()
    mine = (authority.certificate, authority.key)
    foreign, encrypted, nonsense = tmp_path / "foreign.pem", tmp_path / "encrypted.pem", tmp_path / "nonsense.pem"
    foreign.write_bytes(other.private_key_pem.bytes())
    key = load_pem_private_key(authority.key.read_bytes(), None)
    secret = BestAvailableEncryption(b"key-secret")
    encrypted.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, secret))
    nonsense.write_text("no PEM")
    for certificate, key_file, says in [
        (mine[0], foreign, "foreign.pem is not that of the certificate in"),
        (mine[0], encrypted, "encrypted.pem is encrypted: give one that is not"),
        (nonsense, mine[1], "are not a PEM certificate and its PEM key"),
        (mine[0], nonsense, "are not a PEM certificate and its PEM key"),
        (tmp_path, mine[1], "cannot read"),
    ]:
        with pytest.raises(CertificateError) as refused:
            Certificates(certificate, key_file)
        assert says in str(refused.value)
        assert "\n" not in str(refused.value)


def test_a_failed_reload_with_other_files_keeps_looking_at_the_old_ones(
    authority: Authority, certificates: Certificates, tmp_path: Path
) -> None:
    shown = certificates._current
    with pytest.raises(CertificateError):
        certificates.reload(tmp_path / "gone.pem", authority.key)
    assert certificates._current is shown
    certificates.reload()
    assert certificates._current is not shown


async def test_plain_http_and_a_handshake_that_never_ends_are_cut_and_no_error_of_ours(
    secure: Secure, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.port)
    writer.write(b"GET /healthz?token=secret HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            assert b"HTTP/1.1 200" not in await reader.read()
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.port)
    writer.write(b"\x16\x03\x01")
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
    writer.close()
    assert "secret" not in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_files_that_did_not_change_look_the_same(authority: Authority, certificates: Certificates) -> None:
    before = certificates._look()
    assert certificates._look() == before
    os.utime(authority.key, ns=(1, 1))
    assert certificates._look() != before
