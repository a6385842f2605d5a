"""What the hub counts, for Prometheus: totals and seconds, named by its conventions."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

INBOUND = Counter(
    "hub_inbound_events_total",
    "Events from providers, by what became of them.",
    ["connector", "outcome"],
)
OUTBOUND = Counter(
    "hub_outbound_attempts_total",
    "Tries to send a message, by what became of them.",
    ["connector", "outcome"],
)
SEND_SECONDS = Histogram(
    "hub_send_seconds",
    "From a message written to the provider's yes.",
    ["connector"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
)
MEDIA = Counter("hub_media_total", "Files fetched from providers.", ["connector", "outcome"])
SOCKETS = Gauge("hub_sockets", "Open sockets.", ["namespace"])
