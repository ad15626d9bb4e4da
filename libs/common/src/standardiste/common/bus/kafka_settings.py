"""Where a Kafka is and how to speak to it: the URL of the bus setting, and what every client of it is given."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from aiokafka.abc import AbstractTokenProvider

from standardiste.common.bus.topics import Topic

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
REQUEST_WITHIN_MS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """
    `kafka://host:port,host:port?prefix=acme.&security=sasl_ssl&mechanism=SCRAM-SHA-512&username=…&password_file=…&ca_file=…`

    Further: `certificate_file` and `key_file` (client certificate), `token_file` (OAUTHBEARER; read anew for each connection), `instance` (the member's
    stable name, else HOSTNAME). Passwords and tokens come from files, never from the URL.
    """

    bootstrap: tuple[str, ...]
    prefix: str = ""
    security: str = "PLAINTEXT"
    mechanism: str = "PLAIN"
    username: str = ""
    password_file: str = ""
    token_file: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    instance: str = ""

    @classmethod
    def of_url(cls, url: str, environment: Mapping[str, str] = os.environ) -> KafkaSettings:
        """Raises ValueError, naming what is wrong."""
        parts = urlsplit(url)
        given = {name: unquote(value) for name, value in parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))}
        known = set(cls.__dataclass_fields__) - {"bootstrap"}
        if unknown := sorted(set(given) - known):
            raise ValueError(f"the bus URL names {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        if not parts.netloc or "@" in parts.netloc:
            raise ValueError("a Kafka bus is named kafka://host:port; name and password are given as username and password_file")
        given["security"] = given.get("security", "plaintext").upper()
        given["mechanism"] = given.get("mechanism", "PLAIN").upper()
        if given["security"] not in PROTOCOLS or given["mechanism"] not in MECHANISMS:
            raise ValueError(f"security is one of {', '.join(PROTOCOLS)}; mechanism one of {', '.join(MECHANISMS)}")
        is_sasl, is_token = given["security"].startswith("SASL"), given["mechanism"] == "OAUTHBEARER"
        needed = {"token_file"} if is_sasl and is_token else {"username", "password_file"} if is_sasl else set[str]()
        if lacking := sorted(name for name in needed if not given.get(name)):
            raise ValueError(f"the bus URL asks for {given['security']} with {given['mechanism']} and lacks {', '.join(lacking)}")
        given.setdefault("instance", environment.get("HOSTNAME", ""))
        return cls(bootstrap=tuple(parts.netloc.split(",")), **given)

    def name(self, topic: Topic) -> str:
        """The topic's name on this cluster."""
        return self.prefix + topic.value

    def topic(self, name: str) -> Topic:
        return Topic(name.removeprefix(self.prefix))

    def group(self, group: str) -> str:
        return self.prefix + group

    @property
    def client_id(self) -> str:
        return f"standardiste-{self.instance}" if self.instance else "standardiste"

    def client(self) -> dict[str, Any]:
        """The arguments that every aiokafka client takes."""
        given: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap),
            "client_id": self.client_id,
            "request_timeout_ms": REQUEST_WITHIN_MS,
            "security_protocol": self.security,
        }
        if self.security.endswith("SSL"):
            given["ssl_context"] = self.tls()
        if self.security.startswith("SASL"):
            given["sasl_mechanism"] = self.mechanism
            if self.is_by_token:
                given["sasl_oauth_token_provider"] = self.tokens()
            else:
                given |= {"sasl_plain_username": self.username, "sasl_plain_password": self.password()}
        return given

    @property
    def way(self) -> str:
        """How we present ourselves, for people; nothing secret."""
        if not self.security.startswith("SASL"):
            return f"{self.security} with a certificate" if self.certificate_file else self.security
        return f"{self.security} with {self.mechanism}" + ("" if self.is_by_token else f" as {self.username}")

    @property
    def is_by_token(self) -> bool:
        return self.security.startswith("SASL") and self.mechanism == "OAUTHBEARER"

    def password(self) -> str:
        return Path(self.password_file).read_text().strip()

    def tokens(self) -> AbstractTokenProvider:
        return _TokenFile(Path(self.token_file))

    def tls(self) -> ssl.SSLContext:
        """The authority given, or the machine's; with our certificate where there is one."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        if self.certificate_file:
            context.load_cert_chain(self.certificate_file, self.key_file or None)
        return context


class _TokenFile(AbstractTokenProvider):
    """A token that somebody else keeps fresh in a file, as Kubernetes does."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def token(self) -> str:  # pyright: ignore[reportIncompatibleMethodOverride]  # the base carries no types: it returns a str
        return self._path.read_text().strip()  # a small local file: shorter than a hop to a thread
