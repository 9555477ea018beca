import torch

from rcnas_zoo.evaluation.report import accuracy, worst_case


def test_the_worst_case_needs_every_verdict():
    verdicts = {
        "clean": torch.tensor([True, True, True, False]),
        "fgsm": torch.tensor([True, False, True, False]),
        "pgd-20": torch.tensor([True, True, False, False]),
    }
    assert worst_case(verdicts).tolist() == [True, False, False, False]


def test_an_accuracy_is_an_exact_share():
    assert accuracy(torch.tensor([True, False, False])) == 1 / 3
