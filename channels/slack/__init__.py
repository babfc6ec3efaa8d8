"""Slack: employees and customers who write to the app, and agents who answer there."""
