"""A PostgreSQL of one's own: on loopback, in a temporary directory, gone afterwards.

For `pgtenant demo` and the tests. Nothing here is used against a real instance.
"""

from pgtenant.embedded.distribution import Distribution, find_bundled
from pgtenant.embedded.keeper import Keeper
from pgtenant.embedded.runnable import runnable
from pgtenant.embedded.server import Server, StopMode
from pgtenant.embedded.settings import PASSWORDS_ONLY, Tls

__all__ = [
    "PASSWORDS_ONLY",
    "Distribution",
    "Keeper",
    "Server",
    "StopMode",
    "Tls",
    "find_bundled",
    "runnable",
]
