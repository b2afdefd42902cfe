"""The codes of errors, of what blocks an entry, and of proofs that failed.

`PGT-`, two digits of a topic, two of its own.

A code is stable: scripts, tickets and people's notes name it, while a message may be worded anew.
Each has a section in `pages/`, which `pgtenant explain` prints and docs/errors shows.

A new one takes the next number of its topic and gets a section there. One that is raised no more
goes into `GONE`, and its number is given to nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

DOCUMENTATION: Final = "docs/errors"
"""Where the pages are, in the repository and in the site that is made of it."""

GONE: Final[frozenset[str]] = frozenset()
"""Codes that were given once."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What the codes that begin alike are about.

    Attributes:
        digits: the first two.
        page: the name of the page, without suffix.
        title: of that page.
    """

    digits: str
    page: str
    title: str


TOPICS: Final = (
    Topic("01", "command-line", "The command line and its files"),
    Topic("02", "settings-and-catalog", "Settings and catalog"),
    Topic("03", "connecting", "Connecting to the server"),
    Topic("04", "secrets", "Secrets"),
    Topic("05", "run-lock", "One run at a time"),
    Topic("06", "blocked-entries", "Blocked entries"),
    Topic("07", "statements", "While statements run"),
    Topic("08", "approvals-and-plans", "Approvals and saved plans"),
    Topic("09", "audit", "The audit"),
    Topic("10", "requests", "Requests, git and the forge"),
    Topic("11", "retirement", "Taking an entry away"),
    Topic("12", "rotation", "Rotating passwords"),
    Topic("13", "tenants", "Tenants inside one database"),
    Topic("14", "manifests", "CloudNativePG and manifests"),
    Topic("15", "embedded-server", "The embedded server"),
    Topic("16", "proofs", "Proofs that failed"),
)


@unique
class Code(StrEnum):
    """What an error, or a reason that blocks an entry, is about."""

    INTERNAL = "PGT-0100"
    ARGUMENTS = "PGT-0101"
    UNREADABLE_FILE = "PGT-0102"
    UNWRITABLE_FILE = "PGT-0103"
    WRONG_FILE = "PGT-0104"
    NOBODY_TO_ASK = "PGT-0105"
    LOST_OUTPUT = "PGT-0106"
    MISSING_PACKAGE = "PGT-0107"
    OCCUPIED = "PGT-0108"
    UNKNOWN_NAME = "PGT-0109"
    MISSING_PROGRAM = "PGT-0110"
    MISSING_VARIABLE = "PGT-0111"

    SETTINGS = "PGT-0201"
    SETTINGS_FILE = "PGT-0202"
    ENVIRONMENT = "PGT-0203"
    SEVERAL_CATALOGS = "PGT-0204"
    CATALOG = "PGT-0205"
    UNREADABLE_CATALOG = "PGT-0206"
    UNKNOWN_ENTRY = "PGT-0207"
    SCHEMA_FILE = "PGT-0208"

    UNKNOWN_HOST = "PGT-0301"
    UNREACHABLE = "PGT-0302"
    NO_TLS = "PGT-0303"
    CERTIFICATE = "PGT-0304"
    CA_BUNDLE = "PGT-0305"
    WRONG_PASSWORD = "PGT-0306"  # noqa: S105 - a code
    LOGIN_REFUSED = "PGT-0307"
    NO_DATABASE = "PGT-0308"
    NO_CONNECT = "PGT-0309"
    NO_SLOTS = "PGT-0310"
    STARTING = "PGT-0311"
    POOLER = "PGT-0312"
    NOT_CONNECTED = "PGT-0313"
    OLD_SERVER = "PGT-0314"

    SECRET_MISSING = "PGT-0401"  # noqa: S105
    SECRET_FORBIDDEN = "PGT-0402"  # noqa: S105
    SECRET_DELETED = "PGT-0403"  # noqa: S105
    AWS_CREDENTIALS = "PGT-0404"
    SECRETS_MANAGER = "PGT-0405"
    SECRET_CONTENT = "PGT-0406"  # noqa: S105
    SECRET_OF_ANOTHER = "PGT-0407"  # noqa: S105
    SECRET_FILE = "PGT-0408"  # noqa: S105
    SECRET_UNWRITTEN = "PGT-0409"  # noqa: S105
    SECRET_CHANGED = "PGT-0410"  # noqa: S105
    SEVERAL_SECRETS = "PGT-0411"

    LOCK_HELD = "PGT-0501"
    INTERFERENCE = "PGT-0502"
    LEFT_BEHIND = "PGT-0503"
    LOCK_LOST = "PGT-0504"

    UNMANAGED_ROLE = "PGT-0601"
    OTHER_ENVIRONMENT = "PGT-0602"
    SECOND_LOGIN_NAME = "PGT-0603"
    POWERFUL_ROLE = "PGT-0604"
    FOREIGN_DATABASE = "PGT-0605"
    ADMINS_DATABASE = "PGT-0606"
    INVALID_DATABASE = "PGT-0607"
    OPEN_PUBLIC_SCHEMA = "PGT-0608"
    WAITING = "PGT-0609"
    NO_RDS_IAM = "PGT-0610"
    ADMIN_IN_RDS_IAM = "PGT-0611"
    IAM_WITHOUT_LOGIN = "PGT-0612"
    SECOND_LOGIN_LEAVING = "PGT-0613"
    NOT_MADE_BY_OPERATOR = "PGT-0614"
    NOT_IN_MANIFEST = "PGT-0615"

    AUTHORITY = "PGT-0701"
    STATEMENT_REFUSED = "PGT-0702"
    PRIVILEGE = "PGT-0703"
    CONNECTION_LOST = "PGT-0704"
    CONFLICT = "PGT-0705"
    OBJECT_LOCKED = "PGT-0706"
    STATEMENT_TIMEOUT = "PGT-0707"
    READ_ONLY = "PGT-0708"
    DISK_FULL = "PGT-0709"
    INEFFECTIVE = "PGT-0710"
    OVERTAKEN = "PGT-0711"
    UNCONFIRMED = "PGT-0712"
    UNFIT_SQL = "PGT-0713"
    UNREAD_DATABASE = "PGT-0714"
    UNENDED_SESSIONS = "PGT-0715"
    UNPROVEN_PASSWORD = "PGT-0716"  # noqa: S105

    APPROVAL = "PGT-0801"
    UNREVIEWED = "PGT-0802"
    STALE_PLAN = "PGT-0803"
    UNREADABLE_PLAN = "PGT-0804"
    PLAN_AS_SQL = "PGT-0805"

    AUDIT_UNWRITTEN = "PGT-0901"
    AUDIT_LOCKED = "PGT-0902"
    NOT_AN_AUDIT = "PGT-0903"
    BROKEN_JOURNAL = "PGT-0904"
    AUDIT_UPLOAD = "PGT-0905"
    NO_JOURNAL = "PGT-0906"
    UNKNOWN_RUN = "PGT-0907"
    LOG = "PGT-0908"

    REQUEST_REFUSED = "PGT-1001"
    REQUEST_CONFLICT = "PGT-1002"
    UNKNOWN_REQUEST = "PGT-1003"
    UNEDITABLE = "PGT-1004"
    REQUEST_STATUS = "PGT-1005"
    INTERRUPTED_REQUEST = "PGT-1006"
    GIT = "PGT-1007"
    FORGE = "PGT-1008"
    MOVED_ON = "PGT-1009"
    UNTRUSTED_ORIGIN = "PGT-1010"

    NOTHING_TO_RETIRE = "PGT-1101"
    UNCLEAR_SUBJECT = "PGT-1102"
    NO_WAY_BACK = "PGT-1103"
    DUMP_FAILED = "PGT-1104"
    NO_DUMP = "PGT-1105"
    CHANGED_MEANWHILE = "PGT-1106"
    UNCONFIRMED_DROP = "PGT-1107"
    NOT_PUT_BACK = "PGT-1108"
    LEFT_OVER = "PGT-1109"
    TOO_EARLY = "PGT-1110"
    STILL_IN_USE = "PGT-1111"
    HOLDS_MORE = "PGT-1112"

    ROTATION_CALL = "PGT-1201"
    UNFIT_VERSION = "PGT-1202"
    UNDECIDED = "PGT-1203"
    NOT_ROTATED = "PGT-1204"

    NO_TENANCY = "PGT-1301"
    NOT_PROVISIONED = "PGT-1302"
    NO_OWNER_LOGIN = "PGT-1303"
    SLUGS = "PGT-1304"
    TENANT_TEMPLATE = "PGT-1305"
    TENANT_NEEDED = "PGT-1306"
    NO_TENANT_SCHEMA = "PGT-1307"

    OPERATED = "PGT-1401"
    NOT_OPERATED = "PGT-1402"
    NO_CLUSTER_MANIFEST = "PGT-1403"
    MANIFEST = "PGT-1404"
    SEALING = "PGT-1405"
    KUBERNETES_NAME = "PGT-1406"

    NO_EMBEDDED_SERVER = "PGT-1501"
    EMBEDDED_SERVER = "PGT-1502"

    NOT_ISOLATED = "PGT-1601"
    UNSOUND_INSTANCE = "PGT-1602"
    TENANTS_NOT_APART = "PGT-1603"
    NOT_AS_IN_GIT = "PGT-1604"

    @property
    def topic(self) -> Topic:
        """What it is about."""
        digits = self.value.removeprefix("PGT-")[:2]
        return next(topic for topic in TOPICS if topic.digits == digits)

    @property
    def page(self) -> str:
        """Where its section is, from the root of the repository on."""
        return f"{DOCUMENTATION}/{self.topic.page}.md#{self.value.lower()}"
