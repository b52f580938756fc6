"""People on the wire: request bodies in, objects out (core:N1, core:N10, core:N13, core:N20, core:T1)."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from sqlalchemy import Row

from tocsin.accounts.licenses import LICENSES
from tocsin.core import zones
from tocsin.rest.body import Body, Pointer
from tocsin.rest.objects import Ref, Thing

_EMAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s.<>,;\"]+(\.[^@\s.<>,;\"]+)*")
_TRUNK_PREFIX = {33: "0", 40: "0", 44: "0", 45: "0", 49: "0", 61: "0", 66: "0", 91: "0", 1: "1"}
_PHONES = ("phone", "sms", "whatsapp")


def _email(text: str) -> str:
    text = text.strip()
    if not 6 <= len(text) <= 100 or not _EMAIL.fullmatch(text):
        raise ValueError("must be an e-mail address of 6 to 100 characters")
    return text


def _zone(name: str) -> str:
    zones.zone(name)
    return name


def _method_type(given: Any) -> Any:
    return re.sub(r"_contact_method(_reference)?$", "", given) if isinstance(given, str) else given


def _named(given: Any) -> Any:
    """A reference; `{}` and an empty id mean none."""
    return given if given and (not isinstance(given, Mapping) or given.get("id")) else None


Email = Annotated[str, AfterValidator(_email)]
Zone = Annotated[str, AfterValidator(_zone)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
UserRole = Literal[
    "admin", "limited_user", "observer", "owner",
    "read_only_user", "restricted_access", "read_only_limited_user", "user",
]  # fmt: skip
TeamRole = Literal["observer", "responder", "manager"]
MethodType = Annotated[
    Literal["email", "phone", "sms", "whatsapp", "push_notification"], BeforeValidator(_method_type)
]  # fmt: skip


class UserBody(Body):
    """A user as clients send one."""

    name: Name
    email: Email
    role: UserRole = "user"
    time_zone: Zone | None = None
    color: str = Field("purple", max_length=50)
    job_title: str | None = Field(None, max_length=100)
    description: str | None = Field(None, max_length=2000)
    # Only checked: the role says which licence somebody has (core:R7).
    license: Annotated[Pointer | None, BeforeValidator(_named)] = Field(None, exclude=True)

    @model_validator(mode="after")
    def _license_fits(self) -> "UserBody":
        found = LICENSES.get(self.license.id) if self.license else None
        if self.license and found is None:
            raise ValueError("License Not Found")
        if found and self.role not in found.roles:
            raise ValueError(f"The role {self.role} is not valid for the license {found.name}")
        return self


class Sound(Body):
    """The sound of a push notification."""

    type: Literal["alert_high_urgency", "alert_low_urgency"]
    file: str = Field(max_length=255)


class MethodBody(Body):
    """A contact method as clients send one; the type may come with or without `_reference`."""

    type: MethodType
    address: str = Field(min_length=1, max_length=2000)
    label: str = Field("Default", max_length=100)
    country_code: int | None = Field(None, ge=1, le=1999)
    send_short_email: bool = False
    device_type: Literal["android", "ios"] | None = None
    sounds: list[Sound] | None = None

    @model_validator(mode="after")
    def _address_fits(self) -> "MethodBody":
        if self.type == "email":
            _email(self.address)
        elif self.type in _PHONES:
            _phone(self.address, self.country_code or 1)
        elif self.device_type is None:
            raise ValueError("device_type is required")
        return self

    def row(self) -> dict[str, Any]:
        """The columns; a country belongs to phones only."""
        address = self.address.strip()
        country = (self.country_code or 1) if self.type in _PHONES else None
        if self.type == "sms" and country == 52:
            address = address.removeprefix("1")  # core:N13
        return {
            "type": self.type, "address": address, "label": self.label, "country_code": country,
            "send_short_email": self.send_short_email, "device_type": self.device_type,
            "sounds": [sound.model_dump() for sound in self.sounds] if self.sounds is not None else None,
        }  # fmt: skip


def _phone(address: str, country: int) -> None:
    if not re.fullmatch(r"[0-9,*#]{1,40}", address.strip()):
        raise ValueError("address may have only digits and ,*# (40 at most)")
    prefix = _TRUNK_PREFIX.get(country)
    if prefix and address.strip().startswith(prefix):
        raise ValueError(f"address must come without the national prefix {prefix}")


class RuleBody(Body):
    """A notification rule as clients send one."""

    start_delay_in_minutes: int = Field(ge=0, le=100_000)
    urgency: Literal["high", "low"] = "high"
    contact_method: Pointer


class StatusUpdateRuleBody(Body):
    """Where somebody wants status updates."""

    contact_method: Pointer


class TeamBody(Body):
    """A team as clients send one."""

    name: Name
    description: str | None = Field(None, max_length=1024)
    default_role: Literal["manager", "none"] = "manager"
    parent: Pointer | None = None


class MemberBody(Body):
    """What a member may do on the team."""

    role: TeamRole | None = None


def user_ref(id: str, name: str | None, gone: bool = False) -> Ref:
    """A reference to a user."""
    return Ref("user", id, name, gone=gone)


def team_ref(id: str, name: str | None) -> Ref:
    """A reference to a team."""
    return Ref("team", id, name)


def user(row: Row[Any], methods: Sequence[Row[Any]], rules: Sequence[Row[Any]], teams: Sequence[Row[Any]]) -> Thing:
    """A user in full."""
    fields = {
        "name": row.name, "email": row.email, "time_zone": row.time_zone, "color": row.color,
        "avatar_url": row.avatar_url, "role": row.role, "description": row.description,
        "invitation_sent": row.invitation_sent, "job_title": row.job_title, "created_via_sso": False,
        "teams": [team_ref(team.id, team.name) for team in teams],
        "contact_methods": [method(one).ref() for one in methods],
        "notification_rules": [rule(one).ref() for one in rules],
    }  # fmt: skip
    return Thing("user", row.id, row.name, fields)


def method(row: Row[Any]) -> Thing:
    """A contact method in full; each type has members of its own."""
    fields: dict[str, Any] = {"label": row.label, "address": row.address}
    if row.type == "email":
        fields |= {"send_short_email": row.send_short_email, "enabled": row.enabled}
    elif row.type in _PHONES:
        fields |= {"country_code": row.country_code, "enabled": row.enabled, "blacklisted": row.blacklisted}
    else:
        fields |= {"device_type": row.device_type, "sounds": row.sounds or [], "blacklisted": row.blacklisted}
        fields["created_at"] = row.created_at
    return Thing(f"{row.type}_contact_method", row.id, row.label, fields, _below(row, "contact_methods"))


def rule(row: Row[Any]) -> Thing:
    """A notification rule in full; clients compare its method's type without `_reference` (clients.md)."""
    at = _method_path(row.user_id, row.contact_method_id)
    target = Ref(f"{row.method_type}_contact_method", row.contact_method_id, row.address, at, bare=True)
    delay = row.start_delay_in_minutes
    fields = {"start_delay_in_minutes": delay, "urgency": row.urgency, "contact_method": target}
    summary = f"{delay} minutes: {row.method_type} {row.address}"
    return Thing("assignment_notification_rule", row.id, summary, fields, _below(row, "notification_rules"))


def status_update_rule(row: Row[Any]) -> Thing:
    """A status update notification rule in full (core:N32)."""
    at = _method_path(row.user_id, row.contact_method_id)
    target = Ref(f"{row.method_type}_contact_method", row.contact_method_id, row.label, at)
    fields = {"contact_method": target, "created_at": row.created_at}
    summary = f"contact method {row.contact_method_id} used as status_update_notification_rule"
    path = _below(row, "status_update_notification_rules")
    return Thing("status_update_notification_rule", row.id, summary, fields, path)


def team(row: Row[Any], parents: Mapping[str, Row[Any]]) -> Thing:
    """A team in full."""
    parent = parents.get(row.parent_id)
    fields = {
        "name": row.name, "description": row.description, "default_role": row.default_role,
        "parent": team_ref(parent.id, parent.name) if parent else None,
    }  # fmt: skip
    return Thing("team", row.id, row.name, fields)


def _below(row: Row[Any], collection: str) -> str:
    return f"/users/{row.user_id}/{collection}/{row.id}"


def _method_path(user_id: str, method_id: str) -> str:
    return f"/users/{user_id}/contact_methods/{method_id}"
