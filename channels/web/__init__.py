"""The web channel: the widget, the help centre and the demo shop."""
