"""What is skipped is really not built: a skip ends by itself, and a wrong name cannot hide a resource for ever."""

import pytest

from tests.clients.terraform import fields, graph, hooks, oncall, people, services
from tests.clients.terraform.not_built import missing
from tests.clients.terraform.plan import Resource
from tocsin.operations import TABLES
from tocsin.rest.not_built import not_built, published, shape

RESOURCES = [
    one
    for module in (people, oncall, services, graph, hooks, fields)
    for one in vars(module).values()
    if isinstance(one, Resource)
]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_a_resource_is_skipped_only_while_an_operation_is_missing(resource: Resource) -> None:
    known = {shape(*row) for row in published()}
    unbuilt = {
        shape(*row.split(" ", 1)) for row in not_built(operation for table in TABLES for operation in table.operations)
    }
    for operation in resource.operations:
        form = shape(*operation.split(" ", 1))
        assert form in known, f"{operation} is no published operation"
        assert (form in unbuilt) == (operation in missing(resource)), operation
