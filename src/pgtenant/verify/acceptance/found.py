"""What was found out about an instance: from the RDS API, from the server, by logging in.

Where something could not be found out, its place has the reason instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why something could not be asked.

    Attributes:
        why: a sentence for people.
        left_out: whether nobody wanted to ask.
    """

    why: str
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class RdsInstance:
    """What `DescribeDBInstances` says; None for what it does not mention.

    Attributes:
        endpoint: its host name.
        backup_window: `hh24:mi-hh24:mi`, UTC.
        parameter_group: the name of the one that is attached.
        parameter_status: `in-sync`, `pending-reboot`, `applying`, …
        performance_insights: days that are kept; 0 when it is off.
        monitoring_interval: seconds; 0 when it is off.
        parameters: of the group, by name, as RDS spells the values.
    """

    identifier: str
    endpoint: str | None
    engine: str | None
    engine_version: str | None
    instance_class: str | None
    multi_az: bool | None
    backup_days: int | None
    backup_window: str | None
    encrypted: bool | None
    kms_key: str | None
    parameter_group: str | None
    parameter_status: str | None
    deletion_protection: bool | None
    performance_insights: int | None
    monitoring_interval: int | None
    public: bool | None
    parameters: Mapping[str, str] | Unknown


@dataclass(frozen=True, slots=True)
class Server:
    """What the live server says to the admin.

    Attributes:
        address: `host:port`, as the admin's secret has it.
        instance: which one in AWS that host is, where its name tells it.
        version: `server_version_num`.
        admin: who asked.
        encrypted: whether that connection has TLS.
        settings: by name, in the unit of `pg_settings`.
        waiting: settings whose new value waits for a restart.
    """

    address: str
    version: int
    admin: str
    encrypted: bool
    settings: Mapping[str, int]
    waiting: tuple[str, ...] = ()
    instance: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """A role as the shared catalogs have it.

    Attributes:
        powers: its attributes beyond `LOGIN`, such as `SUPERUSER`, sorted.
        through: roles with such powers that it is a member of.
        creates: whether it may create schemas in its database; None without the database.
    """

    powers: tuple[str, ...]
    through: tuple[str, ...]
    creates: bool | None


@dataclass(frozen=True, slots=True)
class Uri:
    """The `connection_uri` of a secret.

    Attributes:
        differs: the fields of which it says something else than the secret, sorted.
        sslmode: empty when it names none.
    """

    differs: tuple[str, ...]
    sslmode: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What was found out about one entry with tenants.

    Attributes:
        createdb: as declared.
        owner: who owns the database; None when it is not there.
        found: the role; None when it is not there.
        secret: the name of its secret.
        uri: None when the secret has none.
        login: None when the login of its secret works, otherwise why not.
        capability: None when row security was seen to hold its login, otherwise what was seen, or
            why nothing could be.
    """

    database: str
    role: str
    createdb: bool
    owner: str | None
    found: Role | None
    secret: str
    uri: Uri | Unknown | None
    login: Unknown | str | None
    capability: Unknown | str | None


@dataclass(frozen=True, slots=True)
class Outside:
    """An address from which nobody may get an answer.

    Attributes:
        address: as it was given.
        answers: whether something took a connection.
        said: what it answered, or what happened instead.
        unknown: whether nothing can be told from that.
    """

    address: str
    answers: bool
    said: str
    unknown: bool = False
