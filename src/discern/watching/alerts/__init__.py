"""Alarms sent to people: by a webhook, or by a command."""
