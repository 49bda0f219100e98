import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InputError
from training.network.protocol.canonical import read_canonical, write_canonical

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_what_is_written_is_read_back_whatever_its_spaces(content: dict[str, object]) -> None:
    data = write_canonical(content)
    assert json.loads(data) == content
    compact = json.dumps(content, ensure_ascii=False).encode()
    for spelt in (data, compact, data.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + data):
        read = read_canonical(spelt, "x.json")
        assert write_canonical(read) == data


def test_zero_has_no_sign() -> None:
    assert (
        write_canonical({"a": -0.0, "b": [-0.0, -1e-9]})
        == b'{\n  "a": 0.0,\n  "b": [0.0, -1e-09]\n}\n'
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": NaN}', "holds a number that is not finite"),
        ('{"a": -Infinity}', "holds a number that is not finite"),
        ('{"a": 1e999}', "holds a number that is not finite"),
        ('{"a": ' + "9" * 400 + "}", "holds a number that is not finite"),
        ('{"a": {"b": 1, "b": 2}}', "names an entry twice"),
        ('{"a": "\\ud800"}', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('{"a":' * 50 + "1" + "}" * 50, "is nested deeper"),
        ("[1]", "is not a file of a network"),
        ("a", "is not JSON"),
    ],
)
def test_what_nobody_writes_by_accident_is_refused(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_canonical(text.encode(), "x.json")


def test_a_file_that_is_too_large_is_not_read() -> None:
    with pytest.raises(InputError, match="is larger than any file of a network"):
        read_canonical(b" " * 20_000_001, "x.json")


def test_what_is_not_finite_is_never_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_canonical({"a": float("nan")})
