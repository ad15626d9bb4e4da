"""
Every metric, once: name, kind, unit, labels, and what an operator does when it rises. `/metrics` serves them in Prometheus' text format.

`counter`, `gauge` and `histogram` look a metric up and fail at import for a name that is not in the list. Labels are few and bounded: no ids, no addresses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from prometheus_client import Counter, Gauge, Histogram

LATENCY_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """`name` ends in its unit. `when_it_rises` is for the person on call."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    what: str
    when_it_rises: str
    labels: tuple[str, ...] = ()


METRICS: Final = (
    Metric(
        name="standardiste_http_requests_total",
        kind="counter",
        unit="requests",
        what="Requests answered, by route and status class.",
        when_it_rises="5xx: look for the problem type in the log; 4xx of one route: a client is misconfigured; 429: raise the limit or talk to the tenant.",
        labels=("route", "method", "status"),
    ),
    Metric(
        name="standardiste_http_request_seconds",
        kind="histogram",
        unit="seconds",
        what="Time from the request's head to its last byte, by route.",
        when_it_rises="Compare with event loop lag and the store's and bus's latencies; scale the service whose own part grows.",
        labels=("route",),
    ),
    Metric(
        name="standardiste_http_in_flight",
        kind="gauge",
        unit="requests",
        what="Requests being answered now, websockets not counted.",
        when_it_rises="The bus or store answers slowly, or a client floods; see the other two.",
    ),
    Metric(
        name="standardiste_event_loop_lag_seconds",
        kind="histogram",
        unit="seconds",
        what="How late a timer fires.",
        when_it_rises="Something computes too long at once, or the CPU limit is too low: give the pod more CPU, then profile.",
    ),
    Metric(
        name="standardiste_task_ready",
        kind="gauge",
        unit="tasks",
        what="1 when a long-running task of the process is up, by task.",
        when_it_rises="It should be 1; a task that stays at 0 is named by /readyz with what it waits for.",
        labels=("task",),
    ),
    Metric(
        name="standardiste_rate_limited_total",
        kind="counter",
        unit="requests",
        what="Requests refused for rate, by kind of bucket.",
        when_it_rises="tenant: a program sends more than agreed; client: somebody guesses or floods.",
        labels=("bucket",),
    ),
    Metric(
        name="standardiste_sign_ins_total",
        kind="counter",
        unit="sign-ins",
        what="Sign-ins, by outcome (done, refused, limited).",
        when_it_rises="refused: somebody guesses passwords; the audit record has name and address.",
        labels=("outcome",),
    ),
    Metric(
        name="standardiste_directory_unpublished",
        kind="gauge",
        unit="change sets",
        what="Change sets committed to the store and not yet on the bus.",
        when_it_rises="The bus is away, or no directory pod holds the relay's lease: check the bus first.",
    ),
    Metric(
        name="standardiste_chat_sockets",
        kind="gauge",
        unit="sockets",
        what="Visitors' chat sockets of this pod.",
        when_it_rises="Near chat_sockets_max new visitors are turned away: add a pod.",
    ),
    Metric(
        name="standardiste_chat_unreadable_records_total",
        kind="counter",
        unit="records",
        what="Records of outbound.chat or decisions that this pod could not read.",
        when_it_rises="The router is of a newer version than this pod; what the group could not read either is in dead-letters.",
    ),
    Metric(
        name="standardiste_gateway_sessions",
        kind="gauge",
        unit="sessions",
        what="Desks connected to this gateway.",
        when_it_rises="Expected with people at work; a sudden fall to 0 is a network or a roll-out, a rise elsewhere its other side.",
    ),
    Metric(
        name="standardiste_gateway_commands_total",
        kind="counter",
        unit="commands",
        what="Commands of desks, by outcome (published, refused, bus_away).",
        when_it_rises="refused: a client is wrong or too fast, see its problems; bus_away: the bus does not answer.",
        labels=("outcome",),
    ),
    Metric(
        name="standardiste_gateway_sockets_closed_total",
        kind="counter",
        unit="sockets",
        what="Sockets closed by the gateway, by code.",
        when_it_rises="4413: clients too slow to read, look at their network; 4401 and 4440: tokens not renewed; 4503: the bus was away.",
        labels=("code",),
    ),
    Metric(
        name="standardiste_gateway_window_bytes",
        kind="gauge",
        unit="bytes",
        what="Decisions remembered for desks that come back.",
        when_it_rises="Near its limit it holds less than 15 minutes: raise gateway_window_bytes if desks too often need a snapshot.",
    ),
    Metric(
        name="standardiste_bus_expired_records_total",
        kind="counter",
        unit="records",
        what="Records that reached the age at which their topic drops them before they were taken, by topic.",
        when_it_rises="They are lost to the router: it stood still, or was away, for longer than the topic keeps records. See what the log says of it before.",
        labels=("topic",),
    ),
    Metric(
        name="standardiste_bus_commit_seconds",
        kind="histogram",
        unit="seconds",
        what="How long a commit of the embedded log takes, the wait for the disk included.",
        when_it_rises="Everything waits for it: the disk is slow or shared. Compare with the disk's own latency; move the data folder to a faster one.",
    ),
    Metric(
        name="standardiste_bus_commit_failures_total",
        kind="counter",
        unit="commits",
        what="Commits of the embedded log that the disk refused.",
        when_it_rises="The disk is full or failing; edges answer 503 meanwhile and go on by themselves when there is room. Free some, then look at the log.",
    ),
    Metric(
        name="standardiste_bus_lag_records",
        kind="gauge",
        unit="records",
        what="Records that a group has not finished, by group and topic.",
        when_it_rises="Its handlers wait for something that is away, or are too slow; the log names which.",
        labels=("group", "topic"),
    ),
    Metric(
        name="standardiste_bus_clock_off_seconds",
        kind="gauge",
        unit="seconds",
        what="How far the Kafka broker's clock is ahead of this machine's; 0 within a second.",
        when_it_rises="Set the clocks right (NTP) on this node and on the brokers: routing goes by the broker's clock meanwhile, sign-in and retries by the node's own.",
    ),
    Metric(
        name="standardiste_bus_dead_letters_total",
        kind="counter",
        unit="records",
        what="Records set aside because they could not be handled, by the topic they came from.",
        when_it_rises="Each is a fault: read its reason, mend the cause, then drive it again.",
        labels=("topic",),
    ),
    Metric(
        name="standardiste_bus_processor_failures_total",
        kind="counter",
        unit="failures",
        what="Times a processor raised and was restored from its state.",
        when_it_rises="A record or a deadline meets a fault of the program: the log has its place and the reason.",
    ),
    Metric(
        name="standardiste_sends_total",
        kind="counter",
        unit="sends",
        what="Messages carried out of the house, by service and what became of the try: sent, delayed, failed.",
        when_it_rises="delayed: a provider does not take messages now, see the addresses' health; failed: look at the providers' codes in the timeline.",
        labels=("service", "state"),
    ),
    Metric(
        name="standardiste_customer_lookups_total",
        kind="counter",
        unit="lookups",
        what="Questions to a CRM outside before routing, by outcome: answered, remembered (within a minute), failed, let_alone (it failed five times).",
        when_it_rises="failed, let_alone: the CRM is slow or away; contacts are routed by the record and the attributes' defaults meanwhile.",
        labels=("outcome",),
    ),
    Metric(
        name="standardiste_mails_total",
        kind="counter",
        unit="mails",
        what="Mails that came in, by way (http, smtp, lmtp, imap) and answer: taken, reported (a bounce of ours), refused, later.",
        when_it_rises="later: bus or blobs are away, the senders keep the mails; refused: somebody sends what is no mail, or to addresses that are not ours.",
        labels=("way", "answer"),
    ),
    Metric(
        name="standardiste_router_steps_total",
        kind="counter",
        unit="steps",
        what="Steps of the router, by cause: record or deadline.",
        when_it_rises="Expected with load; a rise of deadlines alone means work that nobody answers.",
        labels=("cause",),
    ),
    Metric(
        name="standardiste_router_offers_total",
        kind="counter",
        unit="offers",
        what="Offers by what became of them: made, accepted, declined, expired, withdrawn, media_failed.",
        when_it_rises="expired: agents do not look at their desks; media_failed: their telephones cannot be reached; withdrawn: sessions are lost.",
        labels=("end",),
    ),
    Metric(
        name="standardiste_router_closed_total",
        kind="counter",
        unit="interactions",
        what="Interactions closed, by reason.",
        when_it_rises="abandoned: customers wait too long; overflowed: a queue is over its limits; failed: see the channel's addresses.",
        labels=("reason",),
    ),
    Metric(
        name="standardiste_router_defects_total",
        kind="counter",
        unit="defects",
        what="What the sweep found that no deadline did (law L9).",
        when_it_rises="Always a fault of the program: keep the log of the partition and report it; the interaction was put right.",
    ),
    Metric(
        name="standardiste_router_pairs_total",
        kind="counter",
        unit="pairs",
        what="Pairs of an agent and an interaction about which a pair filter of a queue was asked.",
        when_it_rises="A queue names a filter that is asked of agent after agent: each match there costs as many as are available.",
    ),
    Metric(
        name="standardiste_router_skipped_records_total",
        kind="counter",
        unit="records",
        what="Records of a type this router does not know, passed over.",
        when_it_rises="Another service is of a newer version: roll the router out as well.",
    ),
    Metric(
        name="standardiste_router_waiting",
        kind="gauge",
        unit="interactions",
        what="Interactions waiting for an agent, by partition.",
        when_it_rises="More comes in than is answered: look at the queues, and at `why` of the oldest.",
        labels=("partition",),
    ),
    Metric(
        name="standardiste_router_wait_estimates_total",
        kind="counter",
        unit="estimates",
        what="First estimates told to waiting customers, by whether the wait ended within its P50 (half should), within its P90 (nine in ten, with those), or later; `left_before`: the customer gave up before its P90.",
        when_it_rises="`later` above one in ten of all but `left_before`: the pace of a queue changes faster than its last 16 hand-outs tell; look at its staffing.",
        labels=("kept",),
    ),
)
_BY_NAME: Final = {metric.name: metric for metric in METRICS}


@cache
def counter(name: str) -> Counter:
    """The counter of this name in METRICS. KeyError when there is none."""
    metric = _of_kind(name, "counter")
    return Counter(metric.name, metric.what, metric.labels)


@cache
def gauge(name: str) -> Gauge:
    metric = _of_kind(name, "gauge")
    return Gauge(metric.name, metric.what, metric.labels)


@cache
def histogram(name: str, buckets: tuple[float, ...] = LATENCY_BUCKETS_S) -> Histogram:
    metric = _of_kind(name, "histogram")
    return Histogram(metric.name, metric.what, metric.labels, buckets=buckets)


def _of_kind(name: str, kind: str) -> Metric:
    metric = _BY_NAME[name]
    assert metric.kind == kind, f"{name} is a {metric.kind}"
    return metric
