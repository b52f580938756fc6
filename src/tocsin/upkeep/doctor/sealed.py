"""Can every stored secret be opened, and with the newest key?"""

from tocsin.core.db import Tx
from tocsin.upkeep.doctor.finding import GREEN, RED, YELLOW, Finding
from tocsin.upkeep.reseal import named, survey

BRING = "set TOCSIN_SECRET_KEY to the key of the install the data comes from, or add it to TOCSIN_SECRET_KEYS_OLD"


def sealed(tx: Tx) -> Finding:
    """Every stored secret, opened once."""
    state = survey(tx)
    if state.lost:
        return Finding(RED, "stored secrets", f"cannot be opened: {'; '.join(state.lines)}", BRING)
    if state.older:
        return Finding(
            YELLOW, "stored secrets", f"sealed with an older key: {', '.join(named(state))}", "run tocsin reseal"
        )
    return Finding(GREEN, "stored secrets", f"{state.current} can be opened")
