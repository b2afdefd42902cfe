"""Reading the secrets of the admin and of the entries; a password leaves only as a `Secret`."""

from pgtenant.secrets.credentials import Credentials, parse
from pgtenant.secrets.secret import Secret
from pgtenant.secrets.store import SecretStore, open_store

__all__ = ["Credentials", "Secret", "SecretStore", "open_store", "parse"]
