"""One line of the doctor's."""

from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["green", "yellow", "red"]
GREEN: Final = "green"
YELLOW: Final = "yellow"
RED: Final = "red"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and what to do about it."""

    level: Level
    what: str
    found: str
    advice: str = ""
