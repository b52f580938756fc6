"""The loops of a worker, each one screen: do what is due, sleep until woken or for a moment.

Every loop survives a database that is away (it says so and tries again) and every bug of one piece of work (it is set
aside by what it calls). Nothing is kept in memory that a kill could lose.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from tocsin.accounts.store.responders import held
from tocsin.core import intake_log, timers
from tocsin.core.db import Database, Tx
from tocsin.core.timers import FULL_SWEEP, Timer
from tocsin.events.commands import looking
from tocsin.events.commands.deciding import LaneLost, drain
from tocsin.incidents.commands import due as incidents_due
from tocsin.notifications.commands import handoffs, planning
from tocsin.services.model import LOOK

log = structlog.get_logger()

TIMERS_AT_ONCE = 500
TURN = 1.0  # another loop serves the other lanes meanwhile
LONGEST_REST = 5.0
SHORTEST_REST = 0.1  # a due timer whose subject somebody else holds locked
Fire = Callable[[Tx, Sequence[Timer]], int]

FIRED_BY: Mapping[str, Fire] = {
    **dict.fromkeys(incidents_due.EVENTS, incidents_due.fire),
    planning.STEP: planning.fire,
    **dict.fromkeys(handoffs.OF_SCHEDULES, handoffs.fire),
    **dict.fromkeys(handoffs.OF_PEOPLE, handoffs.fire_person),
}
LOOKS: Mapping[str, Fire] = {LOOK: looking.fire}
"""Looks wait for services that storms keep locked, and open hundreds of incidents: nobody's page may wait behind them,
so they have a loop of their own."""


class Loop(threading.Thread):
    """Calls `work` again and again; when it had nothing to do, sleeps for `rest` seconds unless woken before."""

    def __init__(self, name: str, work: Callable[[], bool], wake: threading.Event, rest: float | Callable[[], float]):
        super().__init__(name=name, daemon=True)
        self._work, self._wake, self._rest = work, wake, rest
        self.stopping = False

    def run(self) -> None:
        """Until told to stop."""
        while not self.stopping:
            if not self._turn():
                self._wake.wait(self._rest() if callable(self._rest) else self._rest)
                self._wake.clear()

    def _turn(self) -> bool:
        try:
            return self._work()
        except (OperationalError, InterfaceError) as error:
            log.warning("database away", loop=self.name, error=str(error.orig).splitlines()[0])
            time.sleep(1)
        except LaneLost as error:
            log.warning("lane lost", lane=str(error))
        except Exception:
            log.exception("loop failed", loop=self.name)
            time.sleep(1)
        return False

    def stop(self) -> None:
        """Finish the turn at hand, then end."""
        self.stopping = True
        self._wake.set()


def decide_events(database: Database, owner: str, batch: int = 1000) -> bool:
    """Take a lane, work on it for a turn, give it back; False when no lane waits.

    A turn ends after `TURN` seconds, so that a storm on one lane holds up the others for a batch, not for all of it.
    """
    claim = database.run(lambda tx: intake_log.claim(tx.conn, owner))
    if claim is None:
        return False
    try:
        over = time.monotonic() + TURN
        drain(database, claim, batch, lambda: time.monotonic() >= over)
    finally:
        database.run(lambda tx: intake_log.release(tx.conn, claim))
    return True


class TimerWork:
    """Fires timers that are due; remembers how far it has swept, so that the next scan is short (SPINE 2).

    When none is due it rests until the next one is; whoever sets an earlier one wakes it.
    """

    def __init__(self, database: Database, fired_by: Mapping[str, Fire] = FIRED_BY):
        self._database, self._fired_by = database, fired_by
        self._swept: datetime | None = None
        self._full_at: datetime | None = None
        self._rest = SHORTEST_REST

    def rest(self) -> float:
        """Seconds until it must look again."""
        return self._rest

    def __call__(self) -> bool:
        """Fire a batch; True when there may be more."""
        found = self._database.run(self._due)
        taken = sum(fire_all(self._database, fire, mine) for fire, mine in self._by_work(found))
        return taken > 0

    def _due(self, tx: Tx) -> list[Timer]:
        if held(tx.conn):
            self._full_at = None  # what became due meanwhile lies below the bound: sweep in full afterwards
            self._rest = LONGEST_REST
            return []
        full = self._full_at is None or self._swept is None or tx.now - self._full_at > FULL_SWEEP
        above = None if full else self._swept
        if full:
            self._full_at = tx.now
        found = timers.due(tx.conn, list(self._fired_by), tx.now, above, TIMERS_AT_ONCE)
        self._rest = SHORTEST_REST
        if not found:
            self._swept = tx.now
            self._rest = _until(timers.next_due(tx.conn, above), tx.now)
        return found

    def _by_work(self, found: Sequence[Timer]) -> list[tuple[Fire, list[Timer]]]:
        work: dict[Fire, list[Timer]] = {}
        for timer in found:
            work.setdefault(self._fired_by[timer.kind], []).append(timer)
        return list(work.items())


def _until(due: datetime | None, now: datetime) -> float:
    return LONGEST_REST if due is None else min(max((due - now).total_seconds(), SHORTEST_REST), LONGEST_REST)


def fire_all(database: Database, fire: Fire, due: Sequence[Timer]) -> int:
    """Fire these; a batch that fails is halved, and a timer that fails alone is put off with an error."""
    try:
        return database.run(lambda tx: fire(tx, due))
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(due) > 1:
            middle = len(due) // 2
            return fire_all(database, fire, due[:middle]) + fire_all(database, fire, due[middle:])
        log.exception("timer failed", subject=due[0].subject, kind=due[0].kind)
        database.run(lambda tx: timers.put_off(tx.conn, due[0], tx.now))
        return 0
