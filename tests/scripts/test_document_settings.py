"""docs/settings.md says what core/settings.py says."""

from scripts import document_settings
from tocsin.core.settings import Settings


def test_the_page_of_settings_is_up_to_date() -> None:
    assert document_settings.TARGET.read_text() == document_settings.document()


def test_every_setting_is_on_the_page() -> None:
    page = document_settings.document()
    assert all(f"`TOCSIN_{name.upper()}`" in page for name in Settings.model_fields)


def test_a_default_is_shown_as_somebody_would_write_it() -> None:
    assert [document_settings.shown(value) for value in (None, (), False, ("web", "intake"), 960)] == [
        "", "", "`0`", "`web,intake`", "`960`",
    ]  # fmt: skip
