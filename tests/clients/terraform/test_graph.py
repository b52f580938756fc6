"""Maintenance windows, business services, dependencies, tags and their assignments under Terraform."""

import pytest

from tests.clients.terraform import graph, made
from tests.clients.terraform.api import Api
from tests.clients.terraform.not_built import needs
from tests.clients.terraform.plan import Managed, applied, round_trip
from tests.clients.terraform.test_oncall import ahead


@needs(graph.MAINTENANCE_WINDOWS)
def test_maintenance_windows_come_to_rest_without_a_from(api: Api) -> None:
    services = [made.service(api), made.service(api)]
    config = {"start_time": ahead(hours=1), "end_time": ahead(hours=3), "services": services}
    round_trip(api, graph.MAINTENANCE_WINDOWS, config, config | {"services": services[:1], "description": "Changed"})


@needs(graph.BUSINESS_SERVICES)
def test_business_services_come_to_rest_with_and_without_a_team(api: Api) -> None:
    plain = {"name": made.unique("business")}
    full = plain | {"point_of_contact": "PagerDuty Admin", "description": "Shop", "team": made.team(api)}
    round_trip(api, graph.BUSINESS_SERVICES, plain, plain | {"name": made.unique("other")})
    round_trip(api, graph.BUSINESS_SERVICES, full | {"name": made.unique("full")}, full | {"description": "Changed"})


def business(api: Api) -> str:
    """A business service's id."""
    return applied(api, graph.BUSINESS_SERVICES, {"name": made.unique("business")}).id


@needs(graph.SERVICE_DEPENDENCIES)
@pytest.mark.parametrize("dependent", ["business_service", "service"])
@pytest.mark.parametrize("supporting", ["business_service", "service"])
def test_dependencies_come_to_rest_between_every_kind(api: Api, dependent: str, supporting: str) -> None:
    makes = {"business_service": business, "service": made.service}
    ends = {"dependent_service": dependent, "supporting_service": supporting}
    round_trip(
        api, graph.SERVICE_DEPENDENCIES, {end: {"id": makes[kind](api), "type": kind} for end, kind in ends.items()}
    )


@needs(graph.TAGS)
def test_tags_come_to_rest(api: Api) -> None:
    round_trip(api, graph.TAGS, {"label": made.unique("tag")})


@needs(graph.TAG_ASSIGNMENTS)
@pytest.mark.parametrize("kind", ["users", "teams", "escalation_policies"])
def test_assignments_of_tags_come_to_rest_on_every_entity(api: Api, kind: str) -> None:
    makes = {"users": made.user, "teams": made.team, "escalation_policies": made.policy}
    tag: Managed = applied(api, graph.TAGS, {"label": made.unique("tag")})
    round_trip(api, graph.TAG_ASSIGNMENTS, {"entity_type": kind, "entity_id": makes[kind](api), "tag_id": tag.id})
    tag.destroy()
