"""The metrics of the hub, for Prometheus.

Source for the names: https://prometheus.io/docs/practices/naming/
"""

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
FALLBACKS = Counter(
    "hub_fallbacks_total",
    "Answers that left their channel, by where to (empty: nowhere) and why.",
    ["from", "to", "reason"],
)
AUTOMATIC = Counter("hub_automatic_replies_total", "What the hub said on its own.", ["reply"])
SLA_WARNINGS = Counter(
    "hub_sla_warnings_total", "Clocks of a policy that ran out soon.", ["policy", "clock"]
)
SLA_BREACHES = Counter(
    "hub_sla_breaches_total", "Clocks of a policy that ran out.", ["policy", "clock"]
)
MERGES = Counter("hub_merges_total", "Two people who became one, by evidence.", ["evidence"])
MERGES_UNDONE = Counter("hub_merges_undone_total", "Merges that were taken back.")
MEDIA = Counter("hub_media_total", "Files fetched from providers.", ["connector", "outcome"])
CONNECTIONS = Gauge("hub_connections", "Open connections of clients.")
CONNECTIONS_REFUSED = Counter(
    "hub_connections_refused_total",
    "Connections that were refused, by what was exhausted.",
    ["reason"],
)
OVERRUNS = Counter(
    "hub_overruns_total", "Work that took far longer than it may and was begun anew.", ["work"]
)
SOCKETS = Gauge("hub_sockets", "Open sockets.", ["namespace"])
PEER_REFUSED = Counter(
    "hub_peer_messages_refused_total",
    "What came by Redis and is not of this hub, or came before, by why.",
    ["reason"],
)
RESYNCS = Counter(
    "hub_resyncs_total",
    "How often this process told its sockets to ask again, by what made it miss events.",
    ["reason"],
)
REDIS_CONNECTED = Gauge("hub_redis_connected", "Whether events of other processes come: 1 or 0.")
SWITCHES = Counter(
    "hub_channel_switches_total", "Customers who went on elsewhere, by connector.", ["from", "to"]
)
SWITCHES_RECOGNISED = Counter(
    "hub_channel_switches_recognised_total",
    "Those of them whom nobody of the company had to recognise, by what told.",
    ["by"],
)
RECOGNITION_SECONDS = Histogram(
    "hub_switch_recognition_seconds",
    "From the first words on the new channel until it was known who they are.",
    buckets=(0.1, 1, 10, 60, 300, 1800, 7200, 86400),
)
HANDOVERS = Counter(
    "hub_handovers_total",
    "Invitations to another channel: made, redeemed, or the reason why one was refused.",
    ["connector", "outcome"],
)
ROUTED = Counter(
    "hub_routing_decisions_total",
    "Decisions about who gets a conversation: given, queued, or kept by whoever had it.",
    ["team", "outcome"],
)
ROUTING_WAIT = Histogram(
    "hub_routing_wait_seconds",
    "How long customers waited until somebody was given their conversation.",
    ["team"],
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400),
)
QUEUE = Gauge("hub_queue_conversations", "Conversations that wait for an agent.", ["team"])
PUSHES = Counter(
    "hub_pushes_total", "Pushes to agents' devices, by what became of them.", ["outcome"]
)
UNANSWERED = Counter(
    "hub_routing_unanswered_total",
    "Conversations whose agent did not look in time: again to the queue, or the last try.",
    ["team", "outcome"],
)
