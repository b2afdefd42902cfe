"""What a user can choose of a platform repository: checked, documented, rendered from here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.platform.placeholders import substitute

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Option:
    """One choice.

    Attributes:
        name: of the placeholder; the flag has hyphens for its underscores.
        default: may hold the placeholders of options before it.
        pattern: a regular expression that the whole value matches. None lets a character pass that
            means something in HCL, YAML, TOML or a shell.
        rule: what a right value is, as the end of "must be ...".
        doc: for the help.
    """

    name: str
    default: str
    pattern: str
    rule: str
    doc: str

    @property
    def flag(self) -> str:
        """As on the command line."""
        return "--" + self.name.replace("_", "-")


OPTIONS: Final = (
    Option(
        name="prefix",
        default="goldenpath",
        # RDS allows 63 characters for "<prefix>-platform-db-<env>" and no two hyphens in a row.
        pattern=r"[a-z](-?[a-z0-9]){0,19}",
        rule="1 to 20 lower-case letters, digits and single hyphens, with a letter first",
        doc="What every name starts with: secrets, the instance, policies.",
    ),
    Option(
        name="region",
        default="eu-west-2",
        # Those of other partitions have other ARNs and host names.
        pattern=r"(?!cn-|us-gov-|us-iso)[a-z]{2}(-[a-z]{2,12}){1,3}-[0-9]{1,2}",
        rule="an AWS region such as eu-west-2, and none of AWS China, GovCloud or Secret",
        doc="The AWS region.",
    ),
    Option(
        name="account",
        default="123456789012",
        pattern=r"[0-9]{12}",
        rule="the 12 digits of an AWS account",
        doc="The AWS account.",
    ),
    Option(
        name="state_bucket",
        default="@@prefix@@-terraform-state",
        pattern=r"[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])",
        rule="3 to 63 lower-case letters, digits and hyphens, without a hyphen at either end",
        doc="The S3 bucket of Terraform's states.",
    ),
    Option(
        name="repository",
        default="example-org/@@prefix@@-platform",
        pattern=r"[A-Za-z0-9](-?[A-Za-z0-9]){0,38}/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}",
        rule="a repository on GitHub, such as example-org/goldenpath-platform",
        doc="The repository on GitHub, for Argo Workflows to clone.",
    ),
    Option(
        name="team",
        default="@example-org/platform-team",
        pattern=r"@[A-Za-z0-9](-?[A-Za-z0-9]){0,38}(/[A-Za-z0-9_-]{1,100})?",
        rule="a GitHub team or user, such as @example-org/platform-team",
        doc="Who has to review changes.",
    ),
)


def check_options(given: Mapping[str, str | None]) -> Mapping[str, str]:
    """Return the value of every option, by its name.

    Args:
        given: what the user chose, by the option's name; None and absent mean the default.

    Raises:
        UsageError: a value is not what its rule asks for.
    """
    values: dict[str, str] = {}
    for option in OPTIONS:
        chosen = given.get(option.name)
        value = substitute(option.default, values) if chosen is None else chosen
        if not re.fullmatch(option.pattern, value, re.ASCII):
            raise UsageError(
                f"{option.flag} {value[:80]!r} must be {option.rule}", code=Code.ARGUMENTS
            )
        values[option.name] = value
    return MappingProxyType(values)
