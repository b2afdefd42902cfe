"""moto in a process of its own, where every password it makes starts with a sentinel.

Run as a program it serves, prints its port, and ends with its standard input.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.moto import Moto

SENTINEL = "Sent1nelPassw0rd"


@contextlib.contextmanager
def serve() -> Iterator[Moto]:
    """Runs it, with Amazon's own IAM policies."""
    process = subprocess.Popen(
        [sys.executable, "-m", "support.fake_aws"],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            yield Moto(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.stdin.close()


def _main() -> None:
    import logging

    from moto.core.config import default_user_config
    from moto.rds.models import DBInstance
    from moto.secretsmanager.models import SecretsManagerBackend
    from moto.server import ThreadedMotoServer

    backend: Any = SecretsManagerBackend
    original = backend.get_random_password

    def marked(self: object, **options: object) -> str:
        answer = json.loads(original(self, **options))
        made = str(answer["RandomPassword"])
        return json.dumps(answer | {"RandomPassword": SENTINEL + made[len(SENTINEL) :]})

    backend.get_random_password = marked
    # One id for all of them otherwise, by which Terraform looks each one up.
    instance: Any = DBInstance
    instance.dbi_resource_id = property(
        lambda self: f"db-{self.db_instance_identifier.replace('-', '').upper()}",
        lambda _self, _given: None,
    )
    # A function is there, and does nothing: there is no container to run it in.
    default_user_config["lambda"] = {"use_docker": False}
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)  # noqa: T201
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    _main()
