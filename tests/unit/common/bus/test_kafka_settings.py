"""What the URL of a Kafka bus may say, and what every client of it is then given."""

from __future__ import annotations

from pathlib import Path

import pytest

from standardiste.common.bus.kafka_settings import KafkaSettings
from standardiste.common.bus.kafka_topics import acl, config_of
from standardiste.common.bus.topics import DAY_MS, TOPICS, Topic

NOTHING: dict[str, str] = {}


def test_a_plain_url_names_brokers_and_prefix() -> None:
    settings = KafkaSettings.of_url("kafka://one:9092,two:9093?prefix=acme.", {"HOSTNAME": "router-0"})
    assert settings == KafkaSettings(bootstrap=("one:9092", "two:9093"), prefix="acme.", instance="router-0")
    assert settings.name(Topic.INPUTS) == "acme.inputs"
    assert settings.topic("acme.outbound.email") is Topic.OUTBOUND_EMAIL
    assert settings.group("router") == "acme.router"


def test_scram_over_tls_reads_the_password_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    url = f"kafka://one:9092?security=sasl_plaintext&mechanism=SCRAM-SHA-512&username=acme&password_file={tmp_path / 'password'}"
    client = KafkaSettings.of_url(url, NOTHING).client()
    assert (client["security_protocol"], client["sasl_mechanism"]) == ("SASL_PLAINTEXT", "SCRAM-SHA-512")
    assert (client["sasl_plain_username"], client["sasl_plain_password"]) == ("acme", "secret")


async def test_a_token_is_read_anew_for_each_connection(tmp_path: Path) -> None:
    token = tmp_path / "token"
    url = f"kafka://one:9092?security=sasl_plaintext&mechanism=oauthbearer&token_file={token}"
    provider = KafkaSettings.of_url(url, NOTHING).client()["sasl_oauth_token_provider"]
    token.write_text("first")
    assert await provider.token() == "first"
    token.write_text("second")
    assert await provider.token() == "second"


def test_tls_trusts_the_machines_authorities_unless_told() -> None:
    client = KafkaSettings.of_url("kafka://one:9092?security=ssl", NOTHING).client()
    assert client["security_protocol"] == "SSL"
    assert client["ssl_context"].check_hostname


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kafka://?prefix=a", "kafka://host:port"),
        ("kafka://user:word@one:9092", "username and password_file"),
        ("kafka://one:9092?tls=yes", "names tls"),
        ("kafka://one:9092?security=ssh", "security is one of"),
        ("kafka://one:9092?security=sasl_ssl&mechanism=GSSAPI", "mechanism one of"),
        ("kafka://one:9092?security=sasl_ssl&mechanism=SCRAM-SHA-256&username=acme", "lacks password_file"),
        ("kafka://one:9092?security=sasl_ssl&mechanism=OAUTHBEARER", "lacks token_file"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_by_name(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        KafkaSettings.of_url(url, NOTHING)


def test_every_topic_takes_the_brokers_own_time_and_what_the_table_says() -> None:
    configs = {topic: config_of(spec) for topic, spec in TOPICS.items()}
    assert {config["message.timestamp.type"] for config in configs.values()} == {"LogAppendTime"}
    assert configs[Topic.INPUTS]["retention.ms"] == str(7 * DAY_MS)
    assert configs[Topic.DEAD_LETTERS]["retention.ms"] == str(30 * DAY_MS)
    state = configs[Topic.ROUTER_STATE]
    assert (state["cleanup.policy"], state["segment.bytes"], state["retention.ms"]) == ("compact", str(16 * 1024 * 1024), "-1")
    assert all(int(config["max.message.bytes"]) > TOPICS[topic].record_bytes_max for topic, config in configs.items())


def test_grants_let_each_service_do_what_the_table_says_and_no_more() -> None:
    lines = acl(KafkaSettings(bootstrap=("one:9092",), prefix="acme."), "User:{service}")
    writers_of_decisions = [line for line in lines if "Write" in line and line.endswith("--topic acme.decisions")]
    assert writers_of_decisions == ["--add --allow-principal User:router --operation Write --operation Describe --topic acme.decisions"]
    of_state = [line for line in lines if "User:ingest-sms" in line and "acme.router-state" in line]
    assert of_state, "whoever starts looks whether every topic is as it must be"
    assert not [line for line in of_state if "--operation Read" in line or "--operation Write" in line]
    assert [line for line in lines if "--transactional-id acme.router" in line]
