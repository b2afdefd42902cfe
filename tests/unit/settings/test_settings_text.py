from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtenant.settings.durations import LONGEST, SHORTEST, parse_duration
from pgtenant.settings.lines import key_lines, line_of
from pgtenant.settings.templates import check_template, expand

UNITS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("5min", 300), ("250ms", 0.25), ("1h", 3600), ("0.1 h", 360), ("1.5s", 1.5)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@given(st.integers(1, 2_147_483_000), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " "]))
def test_any_duration_is_exact_to_the_millisecond_or_refused(
    number: int, unit: str, space: str
) -> None:
    milliseconds = number * UNITS[unit]
    text = f"{number}{space}{unit}"
    if milliseconds / 1000 > LONGEST:
        with pytest.raises(ValueError, match="outside"):
            parse_duration(text)
    else:
        assert parse_duration(text) * 1000 == pytest.approx(milliseconds, rel=1e-12)


@given(st.text(max_size=12) | st.from_regex(r"[0-9.]{1,9} ?(ms|s|min|h|m|d)?", fullmatch=True))
def test_anything_else_is_refused_or_within_the_limits(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert SHORTEST <= seconds <= LONGEST


@pytest.mark.parametrize(
    "text", ["", "10", "s", "-1s", "+1s", "1e3s", "10s\n", " 10s", "10S", "1m", "1d", "٣s", "0s"]
)
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_duration(text)


PIECES = st.text(st.characters(codec="utf-8", exclude_characters="{}", categories=["L", "N", "P"]))


@given(st.lists(PIECES, min_size=1), st.text(), st.text())
def test_expansion_happens_once_and_changes_nothing_else(
    pieces: list[str], env: str, entry: str
) -> None:
    template = "{env}".join(pieces) + "{entry}"
    values = {"env": env, "entry": entry}
    assert check_template(template, allowed=values, required=["entry"]) == template
    assert expand(template, values) == env.join(pieces) + entry


def test_values_that_look_like_placeholders_stay() -> None:
    assert expand("{env}/{entry}", {"env": "{entry}", "entry": r"\1{env}"}) == r"{entry}/\1{env}"


@given(st.text(st.sampled_from("{}env.!:[0]x")))
def test_what_passes_the_check_can_be_expanded(template: str) -> None:
    try:
        check_template(template, allowed=["env"])
    except ValueError:
        return
    expanded = expand(template, {"env": "prod"})
    assert "{" not in expanded
    assert "}" not in expanded


def test_lines_of_keys() -> None:
    lines = key_lines(
        'a = 1\n[x]\n# b = 2\nb = 2\n  "c d" = 3\n[ y . z ]\ne.f = 4\n[[w]]\ng = "[no]"\r\n'
    )
    assert lines == {
        ("a",): 1,
        ("x",): 2,
        ("x", "b"): 4,
        ("x", "c d"): 5,
        ("y", "z"): 6,
        ("y", "z", "e", "f"): 7,
        ("w",): 8,
        ("w", "g"): 9,
    }
    assert line_of(("x", "inline", "deep"), lines) == 2
    assert line_of(("nowhere",), lines) == 0
