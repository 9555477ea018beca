from types import SimpleNamespace

import pytest

from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.task import Task
from rcnas_zoo.workflows import teachers
from rcnas_zoo.workflows.teachers import find_teacher

TASK = Task.parse("digits/pgd-2/wrn-16-2/500k")


def test_the_teacher_of_a_task_is_the_wide_resnet_that_it_names(machine):
    teacher = find_teacher(TASK, None, (1, 8, 8), 10, machine)
    assert (teacher.name, teacher.spec) == ("wrn-16-2", named_spec("wrn-16-2", InputSpec((1, 8, 8))))
    assert teacher.weights is None
    assert teacher.lineage() == {"name": "wrn-16-2", "spec_digest": teacher.spec.digest}


def test_a_teacher_that_is_brought_is_what_its_entry_says(trained, machine):
    teacher = find_teacher(TASK, str(trained.entry.folder), (1, 8, 8), 10, machine)
    assert (teacher.name, teacher.spec, teacher.weights) == ("mine", trained.entry.spec, trained.entry.folder)
    assert teacher.lineage() == {
        "name": "mine",
        "spec_digest": trained.entry.spec.digest,
        "weights_sha256": trained.entry.record.files["weights.safetensors"],
    }


@pytest.mark.parametrize(("shape", "classes"), [((3, 32, 32), 10), ((1, 8, 8), 100)])
def test_a_teacher_for_other_images_or_classes_is_refused(shape, classes, trained, machine):
    with pytest.raises(InvalidInput, match=r"must take images .* of 10+ classes, got \(1, 8, 8\) and 10"):
        find_teacher(TASK, str(trained.entry.folder), shape, classes, machine)


def test_a_teacher_of_another_kind_is_refused(trained, machine, monkeypatch):
    other = SimpleNamespace(spec=named_spec("advrush-1@4", InputSpec((1, 8, 8))), folder="mine")
    monkeypatch.setattr(teachers, "entry_of", lambda *_: other)
    with pytest.raises(InvalidInput, match="must be a residual network, got kind 'cells' in mine"):
        find_teacher(TASK, "mine", (1, 8, 8), 10, machine)


def test_a_teacher_without_weights_is_refused(here, machine):
    with pytest.raises(NotFound, match="must have weights"):
        find_teacher(TASK, "wrn-28-10", (3, 32, 32), 10, machine)
