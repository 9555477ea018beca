import pytest

from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.workflows import specs
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.workflows.specs import check_fits, read_spec, spec_for
from rcnas_zoo.zoo.registry import publish
from rcnas_zoo.zoo.writing import write_entry

DIGITS = load_dataset("digits")
SPEC = named_spec("wrn-10-1", InputSpec((1, 8, 8)))


@pytest.mark.parametrize("name", ["wrn-16-2", "wrn-28-10", "robustresnet-a1", "lrnas", "advrush-2@8"])
def test_a_named_architecture_is_made_for_the_images(name):
    assert spec_for(name, DIGITS) == named_spec(name, InputSpec((1, 8, 8)), 10)


def test_a_spec_file_and_an_entry_folder_are_read(tmp_path):
    (tmp_path / "spec.json").write_text(SPEC.to_json())
    entry = write_entry(tmp_path / "mine", SPEC, new_record("mine", SPEC))
    assert spec_for(str(tmp_path / "spec.json"), DIGITS) == SPEC
    assert spec_for(str(entry.folder), DIGITS) == SPEC


def test_a_registered_name_gives_its_architecture(trained, here):
    publish(trained.entry.folder, "robust-mine", here)
    assert spec_for("robust-mine", DIGITS) == SPEC
    with pytest.raises(NotFound, match="'robust-other' must be in the registry"):
        spec_for("robust-other", DIGITS)


def test_a_folder_that_was_pulled_does_not_hide_the_architecture_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    colour = named_spec("wrn-28-10")
    write_entry("wrn-28-10", colour, new_record("wrn-28-10", colour))
    assert spec_for("wrn-28-10", DIGITS).input.shape == (1, 8, 8)
    with pytest.raises(InvalidInput, match="must take images"):
        spec_for("./wrn-28-10", DIGITS)


def test_an_entry_folder_hides_the_cell_network_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_entry("lrnas", SPEC, new_record("lrnas", SPEC))
    assert spec_for("lrnas", DIGITS) == SPEC


def test_a_misspelt_architecture_is_refused_with_its_neighbour():
    with pytest.raises(InvalidInput, match=r"did you mean 'wrn-28-10'\?"):
        spec_for("wrn-28-1o", DIGITS)


@pytest.mark.parametrize("misfit", [named_spec("wrn-10-1"), named_spec("wrn-10-1", InputSpec((1, 8, 8)), 11)])
def test_a_stored_spec_must_fit_the_images(misfit, tmp_path):
    (tmp_path / "spec.json").write_text(misfit.to_json())
    message = r"for this data set must take images \(1, 8, 8\) of 10 classes, got \(.*\) and 1[01]"
    with pytest.raises(InvalidInput, match=message):
        spec_for(str(tmp_path / "spec.json"), DIGITS)


def test_a_spec_that_fits_is_let_through():
    check_fits(SPEC, [1, 8, 8], 10)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff\xfe", "must be UTF-8 text"), (b"{", "must be a JSON object"), (b"{}", "field 'kind'")],
)
def test_a_file_that_is_no_spec_is_refused(content, message, tmp_path):
    path = tmp_path / "spec.json"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=message):
        read_spec(path)


def test_an_absent_file_is_not_found_and_a_huge_one_not_read(tmp_path, monkeypatch):
    with pytest.raises(NotFound, match="a spec file must exist"):
        read_spec(tmp_path / "spec.json")
    (tmp_path / "spec.json").write_text(SPEC.to_json())
    monkeypatch.setattr(specs, "LARGEST_SPEC_FILE", 100)
    with pytest.raises(InvalidInput, match="must be at most 100 bytes"):
        read_spec(tmp_path / "spec.json")
