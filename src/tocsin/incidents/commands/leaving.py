"""Handing over what somebody has who leaves (core:P62)."""

from typing import Any

from sqlalchemy import select

from tocsin.core.actor import Actor
from tocsin.core.db import Tx
from tocsin.incidents.commands.verbs import act
from tocsin.incidents.model import HandedOver
from tocsin.incidents.store.uses import held_by, lock_open
from tocsin.services.store.tables import services


def lock_everything(tx: Tx) -> None:
    """Hold every service and every open incident, in the order that all commands keep (SPINE 2).

    Whoever was about to assign the leaver, from what was true a moment ago, has committed then, and is seen.
    """
    tx.conn.execute(select(services.c.id).order_by(services.c.id).with_for_update(key_share=True))
    lock_open(tx.conn)


def hand_over(tx: Tx, actor: Actor, leaver: Any, stand_in: Any) -> int:
    """Put `stand_in` in the place of `leaver` (rows of users) in every open incident; how many there were."""
    event = HandedOver(
        actor, leaver=leaver.id, stand_in=stand_in.id, leaver_name=leaver.name, stand_in_name=stand_in.name
    )
    found = [row.id for row in held_by(tx.conn, leaver.id)]
    if found:
        act(tx, [(id, event) for id in sorted(found)])
    return len(found)
