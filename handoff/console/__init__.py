"""The agents' console: what they see, live, and what they do."""
