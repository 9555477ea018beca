import shutil

import pytest

from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.workflows.verify import verify_entry
from rcnas_zoo.zoo.registry import publish


def test_a_trained_entry_verifies_in_its_folder_and_by_its_name(trained, here, machine):
    assert verify_entry(str(trained.entry.folder)).passed
    publish(trained.entry.folder, "robust-mine", here)
    assert verify_entry("robust-mine", machine).passed


def test_a_shipped_architecture_verifies(here, machine):
    assert verify_entry("wrn-28-10", machine).passed


def test_damage_is_a_failing_check_and_no_error(trained, tmp_path):
    folder = shutil.copytree(trained.entry.folder, tmp_path / "mine")
    (folder / "card.md").write_text("other")
    report = verify_entry(str(folder))
    assert [check.name for check in report.checks if not check.passed] == ["hashes"]


@pytest.mark.parametrize(("text", "error"), [("./nowhere", NotFound), ("robust-9x", NotFound), ("a b", InvalidInput)])
def test_what_means_no_entry_is_refused(text, error, here, machine):
    with pytest.raises(error):
        verify_entry(text, machine)
