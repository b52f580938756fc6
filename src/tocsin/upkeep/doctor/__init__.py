"""`tocsin doctor`: what is misconfigured, and who on call cannot be reached. It changes nothing.

1. A finding is green, yellow (works, not as it should) or red (pages may be lost); any red one makes exit status 1.
2. What cannot be looked at because something before it is red is not listed: mend that first.
"""

from tocsin.upkeep.doctor.finding import GREEN, RED, YELLOW, Finding
from tocsin.upkeep.doctor.people import people
from tocsin.upkeep.doctor.place import place
from tocsin.upkeep.doctor.sealed import sealed
from tocsin.upkeep.doctor.stored import stored

__all__ = ["GREEN", "RED", "YELLOW", "Finding", "people", "place", "sealed", "stored"]
