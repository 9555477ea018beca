import torch

from rcnas_zoo.evaluation.classes import class_results, clean_confusion, robust_confusion
from rcnas_zoo.evaluation.evaluate import evaluate


def test_classes_are_counted_one_by_one(linear, images, labels):
    report = evaluate(linear, images, labels, attacks=["fgsm", "pgd-3"], threat="linf@1/20")
    robust = report.verdicts["fgsm"] & report.verdicts["pgd-3"]
    for result in class_results(report):
        own = labels == result.label
        assert result.samples == int(own.sum())
        assert result.clean_accuracy == float(report.verdicts["clean"][own].double().mean())
        assert result.robust_accuracy == float(robust[own].double().mean())


def test_a_class_without_images_has_no_accuracy(linear, images, labels):
    first = labels == 0
    report = evaluate(linear, images[first], labels[first], attacks=[], threat="linf@1/20")
    assert [result.samples for result in class_results(report)] == [int(first.sum()), 0]
    assert class_results(report)[1].clean_accuracy is None


def test_confusions_say_what_is_seen_instead(conv, images):
    labels = conv(images).argmax(1)
    report = evaluate(conv, images, labels, attacks=["fgsm", "pgd-3"], threat="linf@1/20")
    assert torch.equal(clean_confusion(report), torch.diag(torch.bincount(labels, minlength=4)))
    counted = torch.zeros((4, 4), dtype=torch.int64)
    for place, label in enumerate(labels.tolist()):
        seen = [found[place] for found in report.predictions.values() if found[place] != label]
        counted[label, seen[0] if seen else label] += 1
    assert torch.equal(robust_confusion(report), counted)
    assert int(robust_confusion(report).diagonal().sum()) == round(30 * report.robust_accuracy)
