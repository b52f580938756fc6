"""Acme with webhooks to the loopback, a test clock, and no worker but the test."""

import pytest

from tests.incidents.acme import found
from tests.rest_client import RestClient
from tests.webhooks.house import SETTINGS, House, tested
from tocsin.accounts.commands.bootstrap import Bootstrapped
from tocsin.core.db import Database
from tocsin.operations import rest_app


@pytest.fixture
def house(database: Database, owner: Bootstrapped) -> House:
    tested(database)
    client = RestClient(rest_app(database, SETTINGS), owner.api_key, {"from": "owner@example.com"})
    house = House(found(client, database))
    house.waits()
    return house
