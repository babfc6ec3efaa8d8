"""E-mail: what comes in over IMAP, what goes out over SMTP."""
