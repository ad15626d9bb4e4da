"""A real broker that wants to know who speaks: TLS with client certificates, SCRAM and OAUTHBEARER over TLS; and what wrong credentials are told at the start."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from standardiste.common.bus.kafka import KafkaBus
from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import apply
from standardiste.common.bus.topics import Topic
from standardiste.common.clock import SystemClock
from standardiste.common.errors import BusRefuses
from standardiste.common.serving import free_port
from standardiste.common.testing.bus import Ledger, Seen, outgoing, read, running
from standardiste.common.testing.certificates import Authority, Signed
from standardiste.common.testing.servers import Server, kafka_server

pytestmark = pytest.mark.needs("kafka")
PARTS = Path(__file__).parents[3] / "build"
PASSWORD = "correct horse"
TOLD_WITHIN_S = 30
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Guarded:
    """A broker with a listener of each kind, and what a client needs to pass."""

    ports: dict[str, int]
    authority: Authority
    client: Signed
    folder: Path

    def url(self, listener: str, **options: object) -> str:
        given = {"prefix": f"guarded{next(_numbers)}.", "ca_file": self.authority.certificate, **options}
        return f"kafka://127.0.0.1:{self.ports[listener]}?" + "&".join(f"{name}={value}" for name, value in given.items())

    def file(self, text: str) -> Path:
        path = self.folder / f"secret{next(_numbers)}"
        path.write_text(text + "\n")
        return path

    def with_certificate(self) -> str:
        return self.url("TLS", security="ssl", certificate_file=self.client.certificate, key_file=self.client.key)

    def with_password(self, mechanism: str, password: str = PASSWORD) -> str:
        return self.url("SCRAM", security="sasl_ssl", mechanism=mechanism, username="standardiste", password_file=self.file(password))

    def with_token(self, lives_s: int = 600) -> str:
        return self.url("TOKEN", security="sasl_ssl", mechanism="OAUTHBEARER", token_file=self.file(unsecured_token(lives_s)))


def unsecured_token(lives_s: int) -> str:
    """A token as Kafka's own unsecured handler takes it: for tests, with nobody's signature."""
    now = int(time.time())
    parts = ({"alg": "none"}, {"sub": "standardiste", "iat": now - 60, "exp": now + lives_s})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority(folder)
    signed = authority.sign("broker")
    ports = {name: free_port() for name in ("PLAINTEXT", "TLS", "SCRAM", "TOKEN")}
    controller = free_port()
    listeners = ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
    module = "org.apache.kafka.common.security"
    more = {
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,SCRAM:SASL_SSL,TOKEN:SASL_SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": signed.both,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority.certificate,
        "listener.name.tls.ssl.client.auth": "required",
        "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
        "listener.name.scram.scram-sha-256.sasl.jaas.config": f"{module}.scram.ScramLoginModule required;",
        "listener.name.scram.scram-sha-512.sasl.jaas.config": f"{module}.scram.ScramLoginModule required;",
        "listener.name.token.sasl.enabled.mechanisms": "OAUTHBEARER",
        "listener.name.token.oauthbearer.sasl.jaas.config": f'{module}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";',
    }
    scram = [f"{mechanism}=[name=standardiste,password={PASSWORD}]" for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")]

    async def started() -> Server:
        server = await kafka_server(PARTS, folder / "kafka", ports["PLAINTEXT"], more=more, scram=scram)
        server.ports_beside = tuple(ports.values())
        await server.start()
        return server

    with asyncio.Runner() as runner:
        server = runner.run(started())
        yield Guarded(ports, authority, authority.sign("client"), folder)
        runner.run(server.stop())


WAYS = {
    "certificate": Guarded.with_certificate,
    "scram-256": lambda guarded: guarded.with_password("SCRAM-SHA-256"),
    "scram-512": lambda guarded: guarded.with_password("SCRAM-SHA-512"),
    "token": Guarded.with_token,
}


@pytest.mark.parametrize("way", WAYS)
async def test_all_four_verbs_pass_a_guarded_broker(guarded: Guarded, way: str) -> None:
    settings = KafkaSettings.of_url(WAYS[way](guarded))
    await apply(settings, partitions=1, replication=1)
    bus, seen = await KafkaBus.connect_to(settings, SystemClock()), Seen()
    seen.hold("hello")
    async with running(
        bus.process("router", (Topic.INPUTS,), Topic.ROUTER_STATE, Ledger), bus.subscribe("customers", (Topic.INPUTS,), seen)
    ):
        await bus.publish(outgoing("hello"))
        assert len(await read(bus, Topic.DECISIONS, count=1)) == 1
        await seen.until_running("hello")
        seen.let_go("hello")
    await bus.close()


WRONG = {
    "password": (lambda guarded: guarded.with_password("SCRAM-SHA-512", "battery staple"), "standardiste.*SCRAM-SHA-512"),
    "token": (lambda guarded: guarded.with_token(lives_s=-30), "OAUTHBEARER"),
    "mechanism": (
        lambda guarded: guarded.url("SCRAM", security="sasl_ssl", mechanism="PLAIN", username="u", password_file=guarded.file("p")),
        "PLAIN",
    ),
    "authority": (lambda guarded: guarded.with_certificate().replace(guarded.authority.certificate.name, "other.pem"), "certificate"),
    "no certificate": (lambda guarded: guarded.url("TLS", security="ssl"), "SSL"),
    "no security": (lambda guarded: guarded.url("SCRAM"), "PLAINTEXT"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_wrong_credentials_are_named_at_the_start(guarded: Guarded, what: str) -> None:
    Authority(guarded.folder, "other")
    url, named = WRONG[what]
    with pytest.raises(BusRefuses, match=f"(?s){named}") as told:
        async with asyncio.timeout(TOLD_WITHIN_S):
            await KafkaBus.connect_to(KafkaSettings.of_url(url(guarded)), SystemClock())
    assert PASSWORD not in str(told.value)
    assert "battery staple" not in str(told.value)
