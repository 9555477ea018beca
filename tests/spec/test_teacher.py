import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.teacher import TeacherName

from .refusals import checked
from .strategies import TEACHERS


@pytest.mark.parametrize(("text", "blocks"), [("wrn-10-1", 1), ("wrn-16-2", 2), ("wrn-28-10", 4), ("wrn-34-12", 5)])
def test_the_depth_of_a_teacher_gives_the_blocks_of_a_stage(text, blocks):
    assert TeacherName.parse(text).blocks == blocks


@given(TEACHERS)
def test_a_teacher_written_out_reads_back_equal(teacher):
    assert TeacherName.parse(str(teacher)) == teacher


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("resnet-18", "a teacher must be wrn-D-K, such as wrn-28-10, got 'resnet-18'"),
        ("wrn-28", "a teacher must be wrn-D-K, such as wrn-28-10, got 'wrn-28'"),
        ("WRN-28-10", "a teacher must be wrn-D-K.*got 'WRN-28-10'"),
        ("wrn-28-1.5", "a teacher must be wrn-D-K.*got 'wrn-28-1.5'"),
        ("wrn-٢٨-10", "a teacher must be wrn-D-K"),
        ("wrn-28-10\n", r"got 'wrn-28-10\\n'"),
        ("wrn-29-10", "depth of a teacher must be 6 n . 4 with n at least 1, got 'wrn-29-10'; wrn-28-10 is one"),
        ("wrn-33-10", "got 'wrn-33-10'; wrn-28-10 is one"),
        ("wrn-4-2", "got 'wrn-4-2'; wrn-10-2 is one"),
        ("wrn-28-0", "the widening factor of a teacher must be 1 to 256, got 'wrn-28-0'"),
        ("wrn-28-257", "the widening factor of a teacher must be 1 to 256, got 'wrn-28-257'"),
    ],
)
def test_a_malformed_teacher_is_refused(text, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        TeacherName.parse(text)
    checked(caught.value)


@given(st.integers(0, 9999), st.integers(0, 999))
def test_a_teacher_that_is_offered_is_one(depth, widening):
    try:
        TeacherName.parse(f"wrn-{depth}-{widening}")
    except InvalidInput as error:
        offer = str(error).partition("; ")[2].removesuffix(" is one")
        assert not offer or TeacherName.parse(offer)
