"""What people call the channels, in the console, in transcripts and in the widget."""

TITLES = {
    "web": "Web",
    "rest": "REST",
    "callback": "Callback",
    "socketio": "Socket.IO",
    "telegram": "Telegram",
    "slack": "Slack",
    "email": "E-mail",
}
WAYS = {
    "web": "on the web",
    "rest": "over REST",
    "callback": "over the callback channel",
    "socketio": "over Socket.IO",
    "slack": "in Slack",
    "email": "by e-mail",
    "rasa": "through Rasa",
}


def title_of(channel: str) -> str:
    """The channel's name, as on a label."""
    return TITLES.get(channel, channel.capitalize())


def way_of(channel: str) -> str:
    """How one writes there, as in "continued on Telegram"."""
    return WAYS.get(channel, f"on {title_of(channel)}")
