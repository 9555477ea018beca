import pytest
import torch
import torch.nn.functional as F

from rcnas_zoo.evaluation.labelling import label_flags


def flags_of(answers, labels, classes=10):
    return list(label_flags(F.one_hot(torch.as_tensor(answers), classes).float(), torch.as_tensor(labels)))


def balanced(classes, of_each):
    return torch.arange(classes).repeat(of_each)


def test_labels_shifted_by_one_are_named():
    labels = balanced(10, 6)
    (flag,) = flags_of((labels + 9) % 10, labels)
    assert flag == "labels-renamed: 10 classes are answered as one another: 0 as 9, 1 as 0, 2 as 1, ..."


def test_two_labels_exchanged_are_named_also_by_a_network_that_errs():
    labels = balanced(10, 10)
    answers = torch.tensor([0, 7, 2, 3, 4, 5, 6, 1, 8, 9])[labels]
    answers[:20] = 4
    assert flags_of(answers, labels) == ["labels-renamed: 2 classes are answered as one another: 1 as 7, 7 as 1"]


def test_a_weak_network_that_takes_classes_for_others_is_not_suspected():
    labels = balanced(10, 10)
    assert flags_of(labels.clamp_max(5), labels) == []
    assert flags_of(torch.where(labels == 3, 5, labels), labels) == []


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_guessing_is_noticed_and_knowing_a_little_is_not(classes):
    labels = torch.randint(classes, (2000,), generator=torch.Generator().manual_seed(1))
    guesses = torch.randint(classes, (2000,), generator=torch.Generator().manual_seed(3))
    (flag,) = flags_of(guesses, labels, classes)
    right = int((guesses == labels).sum())
    assert flag.startswith(f"accuracy-of-chance: {right} of 2000 clean images are right, guessing among {classes} ")
    knowing = torch.where(torch.arange(2000) % 5 == 0, labels, guesses)
    assert flags_of(knowing, labels, classes) == []


def test_few_images_prove_nothing():
    labels = balanced(7, 7)
    assert flags_of(torch.zeros_like(labels), labels) == []
    assert len(flags_of(torch.zeros(56, dtype=torch.int64), balanced(7, 8))) == 1
