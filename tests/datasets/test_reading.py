"""`reading`: which failure becomes which error."""

import pytest

from rcnas_zoo.datasets.reading import brief, reading
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound


def raise_within(error: BaseException) -> None:
    with reading("the file", "look elsewhere"):
        raise error


def test_an_absent_file_is_not_found_by_its_name(tmp_path):
    message = r"the file must exist, but .*none\.bin does not; look elsewhere"
    with pytest.raises(NotFound, match=message), reading("the file", "look elsewhere"):
        (tmp_path / "none.bin").read_bytes()


def test_a_file_where_a_folder_should_be_is_not_found(tmp_path):
    (tmp_path / "plain").write_text("")
    with pytest.raises(NotFound, match="look elsewhere"), reading("the file", "look elsewhere"):
        (tmp_path / "plain" / "none.bin").read_bytes()


@pytest.mark.parametrize("error", [EOFError(), ValueError("two\nlines"), KeyError("data"), ZeroDivisionError()])
def test_whatever_else_a_reader_raises_is_invalid_input(error):
    with pytest.raises(
        InvalidInput, match=f"the file must be readable and whole, got {type(error).__name__}"
    ) as caught:
        raise_within(error)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("error", [IntegrityError("ours"), MemoryError(), KeyboardInterrupt()])
def test_our_own_errors_and_those_of_the_machine_pass(error):
    with pytest.raises(type(error)) as caught:
        raise_within(error)
    assert caught.value is error


def test_brief_fits_on_a_line():
    assert brief(ValueError("a\n  b")) == "ValueError: a b"
    assert brief(EOFError()) == "EOFError"
    assert len(brief(ValueError("x" * 1000))) == len("ValueError: ") + 200
