"""What Prometheus is told: turns, handoffs, how long the bot thinks, how many wait."""

from prometheus_client import Counter, Gauge, Histogram

TURNS = Counter("firstline_turns", "Turns of the bot by what it did", ["act"])
HANDOFFS = Counter("firstline_handoffs", "Conversations handed to a person by reason", ["reason"])
THINKING = Histogram(
    "firstline_turn_seconds",
    "How long the bot thinks about a message",
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0),
)
QUEUED = Gauge("firstline_queued_conversations", "Conversations that wait for a person")
EMAILS_IGNORED = Counter("firstline_emails_ignored", "E-mails that nobody wrote to us", ["because"])
