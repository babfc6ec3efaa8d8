"""What the Telegram channel promises, measured."""
