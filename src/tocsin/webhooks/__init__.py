"""Webhooks: what happens here told to other people's servers (core:H1-H14, core:X3).

`commands.following` turns log entries and service records into deliveries; `commands.delivering` claims and settles
them; `sending` speaks HTTP. Nothing above imports this package.
"""
