import pytest

from rcnas_zoo.networks.cell_names import cell_network_spec
from rcnas_zoo.networks.named import architecture_names, is_named, named_spec, teacher_spec
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.teacher import TeacherName

from .specs import DIGITS


def test_the_catalogue_has_the_networks_of_the_field() -> None:
    wide = ["wrn-28-10", "wrn-34-12", "wrn-46-14", "wrn-70-16"]
    assert architecture_names() == [*wide, *(f"robustresnet-a{i}" for i in (1, 2, 3, 4)), "wrn-34-r"]


def test_a_wide_resnet_widens_16_32_64_channels() -> None:
    spec = named_spec("wrn-22-3", DIGITS, 7)
    assert [(stage.depth, stage.width, stage.block) for stage in spec.stages] == [
        (3, 48, "basic"),
        (3, 96, "basic"),
        (3, 192, "basic"),
    ]
    assert (spec.input, spec.classes) == (DIGITS, 7)


def test_a_teacher_is_the_wide_resnet_of_its_name() -> None:
    assert teacher_spec(TeacherName.parse("wrn-16-2"), DIGITS, 10) == named_spec("wrn-16-2", DIGITS)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("robustresnet-a5", "must be one of wrn-28-10, .*, got 'robustresnet-a5' .did you mean 'robustresnet-a"),
        ("wrn-34-x", "got 'wrn-34-x' .did you mean 'wrn-34-r'"),
        ("WRN-28-10", "an architecture must be one of .*wrn-D-K, .*GENOTYPE-N@C, got 'WRN-28-10'"),
        ("wrn-29-10", "must be 6 n . 4 with n at least 1, got 'wrn-29-10'; wrn-28-10 is one"),
        ("advrush-0@8", "the N of a cell network N@C must be at least 1, got 0"),
        ("advrush-7@1", "the channels of a cell network must be at least 2 and at most 4096, got 1"),
        ("advrus-7@96", "got 'advrus-7@96' .did you mean 'advrush'"),
        ("wrn-9994-1", "the depth of a stage must be at least 1 and at most 1024, got 1665"),
    ],
)
def test_an_impossible_name_is_refused_with_a_way_out(name: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        named_spec(name)


def test_a_cell_network_has_its_name_too() -> None:
    assert named_spec("racl-2@8", DIGITS, 7) == cell_network_spec("racl-2@8", DIGITS, 7)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("wrn-34-r", True),
        ("wrn-x", True),
        ("advrush", True),
        ("advrush-7@96", True),
        ("advrush-7@x", False),
        ("mine", False),
    ],
)
def test_the_form_of_a_name_is_known(text: str, named: bool) -> None:
    assert is_named(text) is named
