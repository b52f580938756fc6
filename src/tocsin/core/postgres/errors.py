"""The one error of the embedded PostgreSQL: a single line that says what, where, and what to do."""


class PostgresUnavailable(Exception):
    """The embedded PostgreSQL cannot be had; `str()` of it is one line, fit to print."""

    def __init__(self, what: str, advice: str) -> None:
        line = " ".join(what.split()).rstrip(".;:")
        super().__init__(f"{line}; {advice}")
