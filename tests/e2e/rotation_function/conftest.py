"""A project whose secrets the function in AWS rotates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.instance import Instance
from support.project import Project
from support.rotation_function import Function, deployed


@pytest.fixture
def function(instance: Instance) -> Iterator[Function]:
    with deployed(instance) as function:
        yield function


@pytest.fixture
def rotated(project: Project, function: Function) -> Project:
    """A project whose secrets are where the function is."""
    project.moto = function.aws
    return project
