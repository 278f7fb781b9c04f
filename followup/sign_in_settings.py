"""How people sign in at the console: passwords, second step, time-outs, and the directory."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

RoleName = Literal["agent", "supervisor", "manager", "auditor", "doctor", "administrator"]
USERNAME, DN = "{username}", "{dn}"
Attribute = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]


class SignInSettings(BaseModel):
    """Passwords, the second step, and how long a session may be idle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    password_min_length: Annotated[int, Field(ge=8, le=40)] = 12
    password_history: Annotated[int, Field(ge=0, le=24)] = 5      # former ones not taken again
    idle_minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    second_step_roles: tuple[RoleName, ...] = ()     # who must set up an authenticator app


class DirectorySettings(BaseModel):
    """The hospital's LDAP directory (Active Directory, OpenLDAP); users of it sign in with their
    password there. Local accounts work beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^ldaps?://[^\s/?#@]+/?$", max_length=253)]
    start_tls: bool = True               # with ldap://; ldaps:// is encrypted from the start
    ca_file: Path | None = None          # PEM of who signed its certificate; else the machine's
    bind_dn: str = ""                    # an account that may search; "": anonymous
    bind_password: SecretStr = SecretStr("")
    base: Annotated[str, Field(min_length=3, max_length=500)]
    user_filter: str = "(&(objectClass=person)(uid={username}))"
    name_attribute: Attribute = "displayName"     # else cn
    group_attribute: Attribute | None = "memberOf"
    group_filter: str = ""               # e.g. "(&(objectClass=groupOfNames)(member={dn}))"
    # DN of a group -> role; the first that the user is in counts
    roles: dict[str, RoleName] = Field(default_factory=dict)
    default_role: RoleName | None = None     # of who is in none of these groups; None: kept out
    create_users: bool = True            # else only who was added here before
    timeout_s: Annotated[float, Field(gt=0, le=10)] = 4.0
    recheck_minutes: Annotated[int, Field(ge=1, le=1440)] = 10   # for who is signed in

    @field_validator("user_filter", "group_filter")
    @classmethod
    def _filter(cls, value: str) -> str:
        if value and not (value.startswith("(") and value.endswith(")")):
            raise ValueError("expected an LDAP filter in parentheses")
        return value

    @model_validator(mode="after")
    def _whole(self) -> DirectorySettings:
        if USERNAME not in self.user_filter:
            raise ValueError("user_filter: expected {username} in it")
        if self.group_filter and DN not in self.group_filter and USERNAME not in self.group_filter:
            raise ValueError("group_filter: expected {dn} or {username} in it")
        if bool(self.bind_dn) != bool(self.bind_password.get_secret_value()):
            raise ValueError("bind_dn, bind_password: expected both or neither")
        if not self.encrypted and not _loopback(self.host):
            raise ValueError("url, start_tls: expected ldaps://, or start_tls = true: passwords "
                             "must not cross the network in clear")
        return self

    @property
    def encrypted(self) -> Literal["tls", "start_tls", ""]:
        """How the connection is encrypted."""
        return "tls" if self.url.startswith("ldaps:") else "start_tls" if self.start_tls else ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (636 if self.encrypted == "tls" else 389)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
