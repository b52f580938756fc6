"""docs/permissions.md is made from the role table and the operations."""

from scripts import document_permissions
from tocsin.operations import TABLES


def test_the_page_is_up_to_date() -> None:
    assert document_permissions.TARGET.read_text() == document_permissions.document()


def test_every_operation_stands_in_it() -> None:
    page = document_permissions.document()
    assert all(f"`{operation.key}`" in page for table in TABLES for operation in table.operations)
