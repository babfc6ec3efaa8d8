"""Telegram: customers write to a bot, by webhook or long polling."""
