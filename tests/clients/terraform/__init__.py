"""A driver that does on the wire what PagerDuty's Terraform provider does, resource by resource."""

import pytest

pytest.register_assert_rewrite("tests.clients.terraform.plan", "tests.clients.terraform.api")
