"""The form as a software template of Backstage, which starts the workflow of requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

from pgtenant.requests.form import BY_NAME, DISPATCHED, FormField
from pgtenant.requests.json_schema import Rules, schema_of
from pgtenant.requests.routing import branch

PATH: Final = "backstage/templates/rds-database/template.yaml"
"""Where the platform repository has it."""

WORKFLOW: Final = "create-rds-database.yml"

# Where there is a list to choose from, the words of the command line say too much.
_WITH_CHOICES: Final = {
    "environment": "The environment that it is for.",
    "initial_schema": "What is run once in the new database.",
}

_HEAD: Final = f"""\
# The form for a new database, made by pgtenant from this repository's settings. Make it again when
# they change, or the files below schemas/:
#
#   pgtenant request form > {PATH}
"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the form's requests go, and whose it is.

    Attributes:
        repository: `owner/name` on github.com, or `host/owner/name`.
        base: the branch that the pull request targets.
        owner: the team that answers for the form.
    """

    repository: str
    base: str
    owner: str

    @property
    def place(self) -> str:
        """The repository's address, without the protocol."""
        return (
            self.repository if self.repository.count("/") > 1 else f"github.com/{self.repository}"
        )


def template_text(rules: Rules, target: Target) -> str:
    """Return the template's file."""
    body = yaml.safe_dump(template(rules, target), sort_keys=False, width=200, allow_unicode=True)
    return f"{_HEAD}{body}"


def template(rules: Rules, target: Target) -> dict[str, Any]:
    """Return the template's entity."""
    fields = [BY_NAME[name] for name in DISPATCHED]
    host, owner, name = target.place.split("/")
    runs = f"https://{target.place}/actions/workflows/{WORKFLOW}"
    head = branch("${{ parameters.environment }}", "${{ parameters.database_name }}")
    return {
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": {
            "name": "rds-database",
            "title": "PostgreSQL database",
            "description": "Ask for a database of your own on the platform's PostgreSQL.",
            "tags": ["postgresql"],
        },
        "spec": {
            "owner": target.owner,
            "type": "resource",
            "parameters": [
                _page("The database", [one for one in fields if not one.advanced], rules),
                _page("Advanced", [one for one in fields if one.advanced], rules),
            ],
            "steps": [
                {
                    "id": "request",
                    "name": "Start the workflow that opens the pull request",
                    "action": "github:actions:dispatch",
                    "input": {
                        "repoUrl": f"{host}?owner={owner}&repo={name}",
                        "workflowId": WORKFLOW,
                        "branchOrTagName": target.base,
                        "workflowInputs": {
                            **{one.name: _parameter(one) for one in fields},
                            "base": target.base,
                        },
                    },
                }
            ],
            "output": {
                "links": [
                    {
                        "title": "The pull request",
                        "icon": "github",
                        "url": f"https://{target.place}/pulls?q=is%3Apr+head%3A{head}",
                    },
                    {"title": "The workflow's runs", "icon": "github", "url": runs},
                ],
                "text": [
                    {
                        "title": "What happens next",
                        "content": (
                            "A workflow checks the request and opens a pull request in a minute or"
                            " two, which says who has to approve it. Once it is merged, the"
                            " database is made. What is wrong with a request is in the workflow's"
                            " run."
                        ),
                    }
                ],
            },
        },
    }


def _page(title: str, fields: list[FormField], rules: Rules) -> dict[str, Any]:
    required = [one.name for one in fields if one.required]
    return {
        "title": title,
        **({"required": required} if required else {}),
        "properties": {one.name: _property(one, rules) for one in fields},
    }


def _property(field: FormField, rules: Rules) -> dict[str, Any]:
    schema = schema_of(field, rules)
    # rjsf makes a list of suggestions of `examples`, where one would be taken for a value.
    examples = schema.pop("examples", [])
    if "enum" in schema:
        return schema | {"description": _WITH_CHOICES.get(field.name, field.doc)}
    return schema | ({"ui:placeholder": f"such as {examples[0]}"} if examples else {})


def _parameter(field: FormField) -> str:
    # A task that is started through Backstage's API has no defaults filled in.
    fallback = f" or '{field.default}'" if field.default and not field.required else ""
    return f"${{{{ parameters.{field.name}{fallback} }}}}"
