"""An account with people, a policy and a service, made over the API as clients make one."""

import pytest

from tests.incidents.acme import Acme, found
from tests.rest_client import RestClient
from tocsin.core.db import Database


@pytest.fixture
def acme(rest_client: RestClient, database: Database) -> Acme:
    """Alice is on level 1, Bob on level 2, Carol nowhere; requests act for Alice."""
    return found(rest_client, database)
