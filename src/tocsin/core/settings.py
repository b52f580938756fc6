"""Every setting, from the environment and `tocsin.toml`, checked before anything starts (CONTRACT, Environment).

1. A name is `TOCSIN_<NAME>`; in the file it is the lower-case name. The environment wins.
2. `TOCSIN_<NAME>_FILE` names a file that holds the value (secrets).
3. An unknown or malformed setting stops the start with one clear line (`SettingsError`).
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

PREFIX = "TOCSIN_"
LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """One line that says which setting is wrong and what it must be."""


def _names(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.replace("\n", ",").split(",") if part.strip())


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class Settings(BaseModel):
    """All settings, with their defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database_url: str | None = Field(
        None,
        description="`postgresql://user:password@host:port/name`; absent: the embedded PostgreSQL",
    )
    data_dir: Path = Field(
        Path("./var"), description="Where the embedded PostgreSQL, the secret key and the mailbox lie"
    )
    host: str = Field("127.0.0.1", description="Address to listen on; `0.0.0.0` or `::` for all")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    public_url: str | None = Field(
        None,
        description="The address that people and clients use, as it stands in links; absent: scheme, host and port",
    )
    secret_key: str | None = Field(
        None,
        min_length=32,
        description="Signs links in mails and encrypts stored secrets; 32 random characters at least, the same on "
        "every node; absent: made at the first start, in `secret.key` of the data directory",
    )
    secret_keys_old: Names = Field(
        (), description="Secret keys of before, which still open what they sealed and verify what they signed; see "
        "`tocsin reseal` in SECURITY.md",
    )  # fmt: skip
    smtp_url: str | None = Field(
        None, description="The mail server: `smtp://user:password@host:587` or `smtps://…`, with `?starttls=required`, "
        "`auto` or `off`; absent: a built-in mailbox that delivers nothing",
    )  # fmt: skip
    mail_from: str = Field("Tocsin <tocsin@localhost>", description="The sender of our mails")
    inbound_smtp: str | None = Field(None, description="`host:port` to take mails on (not built yet)")
    tls_cert: Path | None = Field(None, description="Certificate chain (PEM) to serve https by ourselves")
    tls_key: Path | None = Field(None, description="The certificate's key (PEM)")
    trusted_proxies: Names = Field(
        (), description="Addresses or networks of proxies whose `X-Forwarded-*` headers count"
    )
    metrics_token: str | None = Field(
        None, min_length=16, description="`/metrics` and the reasons in `/readyz` are for whoever sends "
        "`Authorization: Bearer <this>`; absent: for whoever connects from this machine or a private network "
        "by itself, not through a proxy",
    )  # fmt: skip
    outbound_allow: Names = Field(
        (), description="Hosts (`hooks.corp.example`, `*.corp.example`), addresses and networks of your own that "
        "webhooks, workflows and identity providers may lead to; else only public addresses",
    )  # fmt: skip
    html_url: str | None = Field(None, description="Form of `html_url` in API objects; absent: their page under `/app`")
    oauth: bool = Field(
        True, description="The OAuth server for other people's apps; `off`: API keys alone, and its paths answer 404"
    )
    retention_days: int = Field(30, ge=1, description="How long raw events are kept")
    api_rate_limit: int = Field(960, ge=0, description="REST requests a minute and key; 0: no limit")
    events_rate_limit: int = Field(0, ge=0, description="Events a minute and integration key; 0: no limit")
    test_clock: bool = Field(
        False, description="A door by which anybody moves the server's time; for tests, never for real pages"
    )
    roles: Names = Field(("web", "intake", "worker"), description="What this server does")
    processes: int = Field(1, ge=1, le=64, description="HTTP processes and workers, this many of each")
    log_level: str = Field("info", description="`debug`, `info`, `warning` or `error`")

    @field_validator("database_url")
    @classmethod
    def _postgres_only(cls, url: str | None) -> str | None:
        if url is None or url.startswith("postgresql+psycopg://"):
            return url
        for form in ("postgresql://", "postgres://"):
            if url.startswith(form):
                return "postgresql+psycopg://" + url.removeprefix(form)
        raise ValueError("must be a postgresql:// URL")

    @field_validator("secret_keys_old")
    @classmethod
    def _long_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(key) < 32 for key in keys):
            raise ValueError("each key must have 32 characters at least")
        return keys

    @field_validator("roles")
    @classmethod
    def _known_roles(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := set(roles) - {"web", "intake", "worker"}:
            raise ValueError(f"knows no role {', '.join(sorted(unknown))} (web, intake, worker)")
        return roles

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.lower() not in LOG_LEVELS:
            raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
        return level.lower()

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is None or (urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname):
            return url
        raise ValueError("must be like https://tocsin.example.com")

    @model_validator(mode="after")
    def _tls_is_a_pair(self) -> "Settings":
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("TOCSIN_TLS_CERT and TOCSIN_TLS_KEY are set together or not at all")
        return self

    @property
    def base_url(self) -> str:
        """The address that people and clients use, without a slash at the end."""
        scheme = "https" if self.tls_cert else "http"
        return (self.public_url or f"{scheme}://{self.host}:{self.port}").rstrip("/")


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or (name.startswith("TOCSIN_TEST_") and name != "TOCSIN_TEST_CLOCK"):
            continue
        key = name.removeprefix(PREFIX).lower()
        if key.endswith("_file") and key.removesuffix("_file") in Settings.model_fields:
            key, value = key.removesuffix("_file"), _secret(name, value)
        if value != "":
            found[key] = value
    return found


def _secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{name}: cannot read {path}: {error.strerror}") from None


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None


def load(environ: Mapping[str, str] | None = None, file: Path = Path("tocsin.toml"), **given: Any) -> Settings:
    """Settings from `file`, then the environment, then `given` (the command line); `SettingsError` on any fault."""
    merged = _from_file(file) | _from_environment(os.environ if environ is None else environ)
    merged |= {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise SettingsError("; ".join(_line(problem) for problem in error.errors())) from None


def _line(problem: Any) -> str:
    said = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return str(said)
    name = PREFIX + "_".join(str(part) for part in problem["loc"]).upper()
    if problem["type"] == "extra_forbidden":
        return f"{name} is not a setting of Tocsin; see the list in docs/settings.md"
    return f"{name}: {said}"
