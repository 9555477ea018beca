"""One small network, measured once, beside what the evaluation itself says of it."""

import pytest

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob, train_cached
from rcnas_zoo.candidates.verdicts import places, subset
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import teacher_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.teacher import TeacherName
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows.benchmarking import measuring
from rcnas_zoo.workflows.benchmarking.measures import Measures
from rcnas_zoo.workflows.benchmarking.measuring import measure

RADII = tuple(map(ThreatModel.parse, ("linf@1/100", "linf@1/20", "linf@1/10", "linf@1/5")))
MEASURES = Measures(RADII[2], ("pgd-2", "fgsm"), ("cw-5",), 24, RADII)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    spec = teacher_spec(TeacherName.parse("wrn-10-1"), InputSpec((1, 8, 8)), 10)
    recipe = named_recipe("digits-search").with_changes(epochs=2)
    job = TrainingJob(spec, recipe, 3, DataSource("digits", train_size=400), tmp_path_factory.mktemp("cache"))
    model = build(spec)
    model.load_state_dict(train_cached(job).best)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "CURVE", "pgd-2")
        yield model, job, measure(model, job, MEASURES, Silent())


def verdicts(made, names, threat, images=None):
    model, job, _ = made
    images = images or job.source.dataset().test()
    found = evaluate(model, images.floats(), images.labels, attacks=names, threat=threat, seed=job.seed)
    return found.verdicts


def test_every_attack_has_the_accuracy_that_an_evaluation_gives_it(made):
    found = made[2]
    whole = verdicts(made, ("pgd-2", "fgsm"), RADII[2])
    assert found.samples == {"clean": 360, "pgd-2": 360, "fgsm": 360, "cw-5": 24}
    assert found.clean_accuracy == int(whole["clean"].sum()) / 360 > 0.3
    for name in ("pgd-2", "fgsm"):
        assert found.attacks[name] == int(whole[name].sum()) / 360
    assert found.robust_accuracy == int((whole["pgd-2"] & whole["fgsm"]).sum()) / 360


def test_on_the_images_of_the_subset_all_attacks_can_be_compared(made):
    _, job, found = made
    test = job.source.dataset().test()
    chosen = places(len(test), 24, 0)
    whole = verdicts(made, ("pgd-2", "fgsm"), RADII[2])
    part = verdicts(made, ("cw-5",), RADII[2], subset(test, 24, 0))
    assert found.same_images == {
        "pgd-2": sum(whole["pgd-2"][place].item() for place in chosen) / 24,
        "fgsm": sum(whole["fgsm"][place].item() for place in chosen) / 24,
        "cw-5": int(part["cw-5"].sum()) / 24,
    }


def test_what_breaks_an_image_at_a_radius_counts_at_every_larger_one(made):
    found = made[2]
    names = [str(threat) for threat in RADII]
    stood, alone = [True] * 360, {}
    worst = {}
    for threat in RADII:
        verdict = verdicts(made, ("pgd-2",), threat)["pgd-2"].tolist()
        stood = [before and now for before, now in zip(stood, verdict, strict=True)]
        worst[str(threat)], alone[str(threat)] = sum(stood) / 360, sum(verdict) / 360
    assert (found.radii, found.radii_alone) == (worst, alone)
    assert list(found.radii) == names
    assert found.radii_alone["linf@1/10"] == found.attacks["pgd-2"]
    assert list(found.radii.values()) == sorted(found.radii.values(), reverse=True)
    assert found.radii["linf@1/5"] < found.radii["linf@1/100"]


def test_nothing_is_attacked_twice_and_more_radii_attack_at_these_alone(made, monkeypatch):
    model, job, found = made
    attacked = []
    real = measuring.evaluate_cached

    def watch(*given):
        before = set((job.cache / "verdicts").rglob("*"))
        report = real(*given)
        attacked.extend([str(given[3].threat)] * bool(set((job.cache / "verdicts").rglob("*")) - before))
        return report

    monkeypatch.setattr(measuring, "evaluate_cached", watch)
    assert measure(model, job, MEASURES, Silent()) == found
    assert attacked == []
    wider = Measures(MEASURES.threat, MEASURES.whole, MEASURES.part, 24, (*RADII, ThreatModel.parse("linf@2/5")))
    measure(model, job, wider, Silent())
    assert attacked == ["linf@2/5"]


def test_places_are_those_of_the_subset(made):
    test = made[1].source.dataset().test()
    for count, seed in ((24, 3), (360, 0), (9_999, 1)):
        assert subset(test, count, seed).digest == test.select(places(len(test), count, seed)).digest
