"""JSON over HTTP, as much of it as a REST API with a token needs.

The standard library's: the clients for GitHub that are kept well (PyGithub, githubkit) bring
requests or httpx, cryptography and pydantic along, for a dozen calls.
"""

from __future__ import annotations

import http.client
import itertools
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import stamina

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError

PAGE: Final = 100
_TIMEOUT: Final = 30.0  # seconds
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
_LIMITED: Final = frozenset({403, 429})
_LONGEST_WAIT: Final = 90  # seconds


class ForgeError(PgtenantError):
    """The forge could not be reached, or refused what was asked of it.

    Attributes:
        status: of HTTP; 0 when there was no answer.
    """

    code = Code.FORGE

    def __init__(self, message: str, *, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class _PassingError(ForgeError):
    """One that may be gone when the same is asked again.

    Attributes:
        wait: the seconds to wait before that; None when nobody said.
    """

    wait: float | None = None


def _again(error: Exception) -> bool | float:
    """Tell whether, or after how many seconds, to ask again."""
    if not isinstance(error, _PassingError):
        return False
    return True if error.wait is None else error.wait


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: it would take the token along, to wherever it leads."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Leave the answer as it is, which is an error."""


@dataclass(frozen=True, slots=True)
class Api:
    """An API at a URL.

    Attributes:
        url: without a slash at the end.
        token: is in no message.
    """

    url: str
    token: str = field(repr=False)

    def get(self, path: str) -> Any:
        """Ask for something; three times, when the answer may be another one soon.

        Raises:
            ForgeError: there was no answer, or a bad one.
        """
        return self.insist("GET", path)

    def insist(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Make a call that may be made twice. Errors are those of `get`, and so are the times."""
        for attempt in stamina.retry_context(on=_again, attempts=3, wait_max=2.0, timeout=None):
            with attempt:
                return self.call(method, path, body)
        raise AssertionError

    def pages(self, path: str) -> Iterator[Any]:
        """Yield the items of a list, which comes in pages. Errors are those of `get`."""
        joint = "&" if "?" in path else "?"
        for number in itertools.count(1):
            page = self.get(f"{path}{joint}per_page={PAGE}&page={number}")
            yield from page
            if len(page) < PAGE:
                return

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Make one call. Errors are those of `get`."""
        if not self.url.startswith(("https://", "http://")):
            raise ForgeError(f"{self.url[:100]} is no address of an API")
        request = urllib.request.Request(  # noqa: S310 - its scheme has just been looked at
            f"{self.url}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "pgtenant",
            },
        )
        what = f"{method} {path.partition('?')[0]}"
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=_TIMEOUT) as answer:
                text = answer.read()
            return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                raise _error(what, error) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise _PassingError(f"{what}: {reason}") from None
        except ValueError:
            raise ForgeError(f"{what}: the answer is not JSON") from None


def _error(what: str, error: urllib.error.HTTPError) -> ForgeError:
    message = f"{what}: {_said(error)}"
    wait = error.headers.get("Retry-After", "")
    limited = error.code in _LIMITED and wait.isdecimal() and int(wait) <= _LONGEST_WAIT
    if not limited and error.code not in _PASSING:
        return ForgeError(message, status=error.code)
    passing = _PassingError(message, status=error.code)
    passing.wait = float(wait) if limited else None
    return passing


def _said(error: urllib.error.HTTPError) -> str:
    """Return what the forge says is wrong."""
    code = f"HTTP {error.code}"
    try:
        body = json.loads(error.read())
    except (OSError, ValueError, http.client.HTTPException):
        return code
    if not isinstance(body, dict):
        return code
    details = [
        str(one.get("message") or one.get("code") or "") if isinstance(one, dict) else str(one)
        for one in body.get("errors") or ()
    ]
    text = ": ".join(part for part in (str(body.get("message", "")), *details) if part)
    return f"{code}: {text[:500]}" if text else code
