"""The channels that pages go out on, a whole folder each."""

#: Contact method types that a channel here can send to.
CHANNELS = ("email",)
