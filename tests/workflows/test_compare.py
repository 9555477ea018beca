"""Two networks asked alike: what each evaluation by itself finds, side by side."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows import compare as module
from rcnas_zoo.workflows.compare import compare
from rcnas_zoo.workflows.evaluate import evaluate_entry
from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.question import Question
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.zoo.writing import write_entry

from .quick import Heard, cache_keys

QUICK = EvaluateSettings(attacks=("fgsm", "pgd-2"), samples=60, seed=3)


@pytest.fixture
def folder(trained):
    return str(trained.entry.folder)


@pytest.fixture
def untrained(tmp_path):
    """Writes an entry of a network as it was built: for a data set, of a number of classes."""

    def write(dataset="digits", classes=10):
        spec = named_spec("wrn-10-1", InputSpec((1, 8, 8)), classes)
        path = tmp_path / f"untrained-{classes}-{dataset}"
        record = replace(new_record("untrained", spec, dataset=dataset), threat="linf@1/50")
        write_entry(path, spec, record, build(spec, seed=1).state_dict(), replace=True)
        return str(path)

    return write


@pytest.fixture
def no_attack(monkeypatch):
    monkeypatch.setattr(Question, "answer", lambda *_: pytest.fail("a network was attacked"))


def check_by_loop(found, right_a, right_b):
    pairs = list(zip(right_a.tolist(), right_b.tolist(), strict=True))
    assert found.won.tolist() == [place for place, pair in enumerate(pairs) if pair == (True, False)]
    assert found.lost.tolist() == [place for place, pair in enumerate(pairs) if pair == (False, True)]
    assert (found.both, found.neither) == (pairs.count((True, True)), pairs.count((False, False)))
    assert found.difference == pytest.approx((sum(right_a.tolist()) - sum(right_b.tolist())) / len(pairs))


def test_each_image_counts_as_the_evaluations_by_themselves_have_it(folder, untrained, machine):
    names = (folder, untrained())
    found = compare(*names, QUICK, machine)
    asked = replace(QUICK, threat=found.report_a.threat)
    a, b = (evaluate_entry(name, asked, Machine(workers=1, cache=machine.cache / "apart")).report for name in names)
    assert list(found.comparisons) == ["clean", "fgsm", "pgd-2", "worst case"]
    for name in ("clean", "fgsm", "pgd-2"):
        check_by_loop(found.comparisons[name], a.verdicts[name], b.verdicts[name])
    worst_a, worst_b = (torch.stack(list(report.verdicts.values())).all(0) for report in (a, b))
    check_by_loop(found.comparisons["worst case"], worst_a, worst_b)
    assert found.comparisons["clean"].only_a > 0
    assert found.left_out == ()


def test_the_data_set_and_the_threat_are_those_of_a(folder, untrained, machine):
    found = compare(folder, untrained(), QUICK, machine)
    assert (found.dataset, str(found.report_b.threat), found.from_a) == ("digits", "linf@1/5", ("dataset", "threat"))
    found = compare(untrained(), folder, replace(QUICK, dataset="digits"), machine)
    assert (str(found.report_a.threat), found.from_a) == ("linf@1/50", ("threat",))
    assert found.report_b.threat == found.report_a.threat
    found = compare(untrained(), folder, replace(QUICK, threat=ThreatModel.parse("1/9")), machine)
    assert ({str(report.threat) for report in (found.report_a, found.report_b)}) == {"linf@1/9"}


def test_kept_verdicts_are_not_made_again(folder, untrained, machine):
    b = untrained()
    compare(folder, b, QUICK, machine)
    kept, heard = cache_keys(machine, "verdicts"), Heard()
    for name in (folder, b):
        evaluate_entry(name, replace(QUICK, threat=ThreatModel.parse("linf@1/5")), machine)
    compare(b, folder, replace(QUICK, threat=ThreatModel.parse("linf@1/5")), machine, heard)
    assert cache_keys(machine, "verdicts") == kept
    assert {done for _, done, *_ in heard.steps} <= {60}


def test_a_network_is_as_good_as_itself(folder, machine):
    found = compare(folder, folder, QUICK, machine)
    assert {(pair.only_a, pair.only_b, pair.p_value) for pair in found.comparisons.values()} == {(0, 0, 1.0)}


def test_a_network_of_ones_own_stands_beside_an_entry(folder, nets, machine):
    found = compare(folder, f"{nets}:net", QUICK, machine)
    assert found.comparisons["clean"].only_a > found.comparisons["clean"].only_b
    assert found.report_b.samples == 60


def test_the_document_holds_plain_places(folder, untrained, machine):
    data = json.loads(json.dumps(compare(folder, untrained(), QUICK, machine).to_dict()))
    wanted = {"model_a", "model_b", "dataset", "threat", "seed", "samples", "comparisons"}
    assert wanted | {"from_a", "left_out", "flags"} == set(data)
    assert (data["samples"], data["seed"], data["threat"]) == (60, 3, "linf@1/5")
    for pair in data["comparisons"].values():
        assert pair["both"] + pair["only_a"] + pair["only_b"] + pair["neither"] == 60
        assert (len(pair["won"]), len(pair["lost"])) == (pair["only_a"], pair["only_b"])
        low, high = pair["interval"]
        assert low <= pair["difference"] <= high


def test_an_attack_without_a_verdict_for_both_is_left_out(folder, machine, monkeypatch):
    answer, asked = Question.answer, []

    def forgetful(question, observer):
        report = answer(question, observer)
        asked.append(question)
        kept = {name: verdict for name, verdict in report.verdicts.items() if name != "fgsm" or len(asked) == 1}
        return replace(report, verdicts=kept)

    monkeypatch.setattr(Question, "answer", forgetful)
    found = compare(folder, folder, QUICK, machine)
    assert (list(found.comparisons), found.left_out) == (["clean", "pgd-2", "worst case"], ("fgsm",))
    # Over the same attacks for both, or else one would be judged more strictly.
    assert found.comparisons["worst case"].only_a == found.comparisons["worst case"].only_b == 0


def test_the_data_set_must_be_known(folder, nets, machine, no_attack):
    with pytest.raises(InvalidInput, match=r"a data set must be given for .*nets.py:net.*add --dataset"):
        compare(f"{nets}:net", folder, QUICK, machine)
    with pytest.raises(NotFound, match="cifar10"):
        compare(folder, folder, replace(QUICK, dataset="cifar10"), machine)


def test_networks_of_different_data_sets_are_compared_on_request_alone(folder, untrained, machine, no_attack):
    other = untrained("fashion-mnist")
    with pytest.raises(
        InvalidInput, match=r"must be of one data set, got .* of digits and .* of fashion-mnist; choose"
    ):
        compare(folder, other, QUICK, machine)
    with pytest.raises(pytest.fail.Exception, match="was attacked"):
        compare(folder, other, replace(QUICK, dataset="digits"), machine)


def test_a_network_that_does_not_fit_is_refused_before_any_attack(folder, untrained, nets, machine, no_attack):
    for other in (untrained(classes=4), f"{nets}:broken"):
        with pytest.raises(InvalidInput) as caught:
            compare(folder, other, QUICK, machine)
        assert other in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(InvalidInput, match=r"must take images \(1, 8, 8\) of 10 classes, got \(1, 8, 8\) and 4"):
        compare(untrained(classes=4), folder, QUICK, machine)


def test_a_class_too_many_is_seen_before_any_attack(folder, machine, tmp_path, no_attack):
    (tmp_path / "few.py").write_text(
        "from torch import nn\ndef net(): return nn.Sequential(nn.Flatten(), nn.Linear(64, 9))\n"
    )
    for pair in ((folder, f"{tmp_path}/few.py:net"), (f"{tmp_path}/few.py:net", folder)):
        with pytest.raises(InvalidInput, match="labels must be 0 to 8, for the model has 9 classes, got 9"):
            compare(*pair, replace(QUICK, dataset="digits", samples=0), machine)


def test_both_see_the_same_choice_of_images(folder, untrained, machine, monkeypatch):
    seen, ask = [], module.ask
    monkeypatch.setattr(module, "ask", lambda *given: seen.append(ask(*given)) or seen[-1])
    compare(folder, untrained(), QUICK, machine)
    a, b = (question.images for question in seen)
    assert a.digest == b.digest
    assert len(a) == 60 != len(np.unique(a.labels.numpy()))
