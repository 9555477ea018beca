import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.zoo.names import ZooName, check_alias, check_name

NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,30}[A-Za-z0-9])?", fullmatch=True)
ALIASES = st.from_regex(r"[A-Za-z0-9_-]{1,30}", fullmatch=True).filter(
    lambda alias: alias.lower() != "latest" and not (alias[0] in "vV" and alias[1:].isdigit())
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("robust-5g", ZooName("robust-5g")),
        ("robust-5g@champion", ZooName("robust-5g", alias="champion")),
        ("robust-5g@digits-linf-1-5", ZooName("robust-5g", alias="digits-linf-1-5")),
        ("robust-5g:3", ZooName("robust-5g", version=3)),
        ("wrn-28-10", ZooName("wrn-28-10")),
        ("a", ZooName("a")),
    ],
)
def test_parses_the_three_forms(text, expected):
    assert ZooName.parse(text) == expected


@given(NAMES, st.none() | ALIASES, st.none() | st.integers(1, 10**9 - 1))
def test_a_written_name_parses_to_itself(name, alias, version):
    found = ZooName(name, alias=alias, version=None if alias else version)
    assert ZooName.parse(str(found)) == found


@given(st.text(max_size=20))
def test_any_text_is_a_name_that_is_safe_as_a_folder_or_refused(text):
    try:
        found = ZooName.parse(text)
    except InvalidInput:
        return
    assert str(found) == text
    assert found.name not in (".", "..")
    assert not set(found.name) & set("/\\:@ \0\n")
    assert found.name.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "..",
        "../x",
        "a/b",
        "/etc/passwd",
        "a\\b",
        "-x",
        ".hidden",
        "a.",
        "a b",
        "a\n",
        "ä",
        "a" * 129,
        "@x",
        ":1",
    ],
)
def test_refuses_names_that_could_leave_their_folder_or_break_a_shell(text):
    with pytest.raises(InvalidInput, match=r"a zoo name must be 1 to 128 letters"):
        ZooName.parse(text)


@pytest.mark.parametrize("text", ["a:", "a:0", "a:03", "a:-1", "a:1.0", "a:x", "a:1:2", "a:٣", "a:9999999999"])
def test_refuses_versions_that_are_not_whole_numbers_from_one(text):
    with pytest.raises(InvalidInput, match=r"a version must be a whole number from 1, such as robust-5g:3, got 'a:"):
        ZooName.parse(text)


@pytest.mark.parametrize("alias", ["latest", "LATEST", "v3", "V12"])
def test_refuses_aliases_that_mlflow_keeps_for_itself(alias):
    with pytest.raises(InvalidInput, match=f"which MLflow keeps for itself, got {alias!r}"):
        ZooName.parse(f"robust-5g@{alias}")


@pytest.mark.parametrize("alias", ["", "a.b", "a/b", "a@b", "champion:3"])
def test_refuses_malformed_aliases(alias):
    with pytest.raises(InvalidInput, match="an alias must be 1 to 128 letters"):
        ZooName.parse(f"robust-5g@{alias}")


def test_refuses_alias_and_version_together():
    with pytest.raises(InvalidInput, match="not both, got a@b:3"):
        ZooName("a", alias="b", version=3)


@pytest.mark.parametrize("value", [None, 3, b"a"])
def test_names_and_aliases_must_be_texts(value):
    with pytest.raises(InvalidInput, match="must be a text"):
        check_name(value)
    with pytest.raises(InvalidInput, match="must be a text"):
        check_alias(value)
