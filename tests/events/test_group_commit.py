"""Group commit: whoever waits hears what became of the event, whatever goes wrong."""

import msgspec
import pytest

from tocsin.core.clock import real_now
from tocsin.core.intake_log import Raw
from tocsin.events.group_commit import AT_A_TIME, GroupCommit, NotStored


def raw(key: str) -> Raw:
    return Raw("v2", real_now(), key, "k", msgspec.Raw(b"{}"))


async def test_what_cannot_be_written_is_refused_and_the_next_event_is_stored(pg_url: str) -> None:
    commit = GroupCommit(pg_url)
    await commit.start()
    for _ in range(AT_A_TIME + 1):
        await commit.store(raw("a" * 32))
        with pytest.raises(NotStored):
            await commit.store(raw("\ud800"))
    await commit.store(raw("b" * 32))
    await commit.stop()


async def test_without_a_database_nobody_is_left_waiting() -> None:
    commit = GroupCommit("postgresql+psycopg://tocsin@127.0.0.1:1/none")
    await commit.start()
    with pytest.raises(NotStored):
        await commit.store(raw("a" * 32))
    await commit.stop()
