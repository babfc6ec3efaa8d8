"""Stand-ins for servers, over loopback."""
