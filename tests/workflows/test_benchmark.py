import json
from dataclasses import replace

import pytest
import torch

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.oracles import catalogue
from rcnas_zoo.oracles.fitted import held_out_tau
from rcnas_zoo.oracles.store import write_table
from rcnas_zoo.oracles.suite import load_suite
from rcnas_zoo.search import contest as contests
from rcnas_zoo.search.contest import Played
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.registry import METHODS
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.workflows import benchmark as workflow
from rcnas_zoo.workflows import benchmark_policy
from rcnas_zoo.workflows.benchmark import benchmark
from rcnas_zoo.workflows.benchmark_folder import report_files
from rcnas_zoo.workflows.benchmark_policy import UsedPolicy, used_policy
from rcnas_zoo.workflows.benchmark_settings import BenchmarkSettings
from rcnas_zoo.workflows.benchmark_text import benchmark_markdown, benchmark_text
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.policies import policy_config
from rcnas_zoo.zoo.policy import read_policy
from rcnas_zoo.zoo.policy_writing import write_policy
from tests.oracles.suites import write_tables
from tests.oracles.tables import formula_table
from tests.search.experience import small_knowledge

ONE = Machine(workers=1)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return write_tables(tmp_path_factory.mktemp("tables"))


@pytest.fixture
def shipped(tables, monkeypatch):
    monkeypatch.setattr(catalogue, "TABLES", tables)


@pytest.fixture(scope="module")
def report(tables):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "TABLES", tables)
        patch.setattr(workflow, "used_policy", lambda asked, cache, suite: UsedPolicy(small_knowledge()))
        settings = BenchmarkSettings("digits", ("random", "surrogate"), queries=5, seeds=(0, 1))
        return benchmark(settings, ONE)


@pytest.fixture(scope="module")
def document(report):
    return json.loads(json.dumps(report.to_dict(), allow_nan=False))


def test_the_document_has_what_scripts_rely_on(document):
    assert (document["oracle"], document["queries"], document["seeds"]) == ("digits", 5, [0, 1])
    for found in document["methods"].values():
        assert set(found["simple_regret"]) >= {"mean", "std"}
        assert set(found["queries_to_95"]) >= {"median", "hit_rate"}
    assert {(test["a"], test["b"], test["metric"]) for test in document["tests"]} == {
        ("random", "surrogate", "simple_regret"),
        ("random", "surrogate", "queries_to_95"),
    }
    assert all({"p_value", "effect"} <= set(test) for test in document["tests"])


def test_every_held_out_task_is_searched_or_named_with_a_reason(report, document):
    assert len(document["tasks"]) + len(document["dropped"]) == len(report.surveyed) == 28
    assert document["dropped"]
    assert all(one["reason"] for one in document["dropped"])
    assert all("reason" not in one for one in document["tasks"])


def test_the_splits_make_the_whole(report, document):
    splits = document["splits"]
    assert list(splits) == report.kinds
    assert sum(split["tasks"] for split in splits.values()) == len(document["tasks"])
    weighed = sum(split["tasks"] * split["methods"]["random"]["simple_regret"]["mean"] for split in splits.values())
    mean = document["methods"]["random"]["simple_regret"]["mean"]
    assert weighed / len(document["tasks"]) == pytest.approx(mean)


def test_the_curves_end_at_the_regret(document):
    for name, curve in document["curves"].items():
        assert len(curve["mean"]) == len(curve["low"]) == 5
        assert curve["mean"][-1] == pytest.approx(document["methods"][name]["simple_regret"]["mean"])


def test_the_text_tells_tasks_methods_and_tests(report):
    text = benchmark_text(report)
    assert text.startswith(
        f"Oracle digits: {len(report.kept)} held-out tasks, 5 queries, 2 seeds, reward compression\n"
    )
    assert [text.index(title) for title in ("\nTasks\n", "\nMethods\n", "\nrandom against the others\n")] == sorted(
        text.index(title) for title in ("\nTasks\n", "\nMethods\n", "\nrandom against the others\n")
    )
    assert all(str(one.task) in text for one in report.surveyed)
    first = next(iter(report.standings()))
    assert text.split("\nMethods\n")[1].splitlines()[3].split()[0] == first


def test_a_method_that_cannot_search_is_a_row(shipped):
    found = benchmark(BenchmarkSettings("digits", ("random", "surrogate"), 2, (0,), policy="none"), ONE)
    assert found.to_dict()["methods"]["surrogate"] == {
        "infeasible": "the method surrogate must start from a policy, got none; give one, such as rcnas-policy"
    }
    assert "\nsurrogate: infeasible: the method surrogate must" in benchmark_text(found)
    assert found.to_dict()["tests"] == []


def test_no_method_at_all_that_can_search_is_no_error(shipped, tmp_path):
    found = benchmark(BenchmarkSettings("digits", ("surrogate",), 2, (0,), policy="none"), ONE, to=tmp_path / "to")
    assert found.standings() == {}
    assert {path.name for path in (tmp_path / "to").iterdir()} == {"report.json", "table.md"}


def test_the_same_command_gives_the_same_report(shipped, monkeypatch):
    small = contests.RcnasSettings(pretraining_tasks=64, pretraining_steps=2)
    monkeypatch.setattr(contests, "RcnasSettings", lambda: small)
    settings = BenchmarkSettings("digits", ("random", "r-nas"), 3, (0, 1), policy="none")
    first, second = (replace(benchmark(settings, ONE), seconds=0.0).to_dict() for _ in range(2))
    assert first == second


def test_a_folder_holds_numbers_tables_and_a_picture(shipped, tmp_path):
    found = benchmark(BenchmarkSettings("digits", ("random",), 3, (0,)), ONE, to=tmp_path / "proof")
    files = {path.name: path.read_bytes() for path in (tmp_path / "proof").iterdir()}
    assert set(files) == {"report.json", "table.md", "best-so-far.png"}
    assert json.loads(files["report.json"]) == json.loads(json.dumps(found.to_dict()))
    assert files["table.md"].decode() == benchmark_markdown(found)
    assert files["best-so-far.png"].startswith(b"\x89PNG")


def test_a_folder_that_is_there_is_left_alone(shipped, tmp_path):
    with pytest.raises(InvalidInput, match="must not exist yet"):
        benchmark(BenchmarkSettings("digits", ("random",), 3, (0,)), ONE, to=tmp_path)


def test_the_form_of_the_reward_changes_the_landscape(shipped, report):
    settings = BenchmarkSettings("digits", ("random",), 2, (0,), reward=RewardSettings(form="accuracy"))
    found = benchmark(settings, ONE)
    assert found.to_dict()["reward_form"] == "accuracy"
    bests = [[one.landscape.best for one in this.surveyed] for this in (found, report)]
    assert bests[0] != bests[1]


@pytest.fixture(scope="module")
def fitted(tables):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "TABLES", tables)
        return benchmark(BenchmarkSettings("digits", ("random",), 5, (0, 1), policy="none", answers="fitted"), ONE)


def test_with_fitted_answers_tasks_and_landscapes_are_those_of_the_table(fitted, report):
    assert [(str(one.task), one.landscape, one.dropped) for one in fitted.surveyed] == [
        (str(one.task), one.landscape, one.dropped) for one in report.surveyed
    ]


def test_the_model_is_told_with_how_well_it_ranks(fitted, report):
    found = fitted.to_dict()
    taus = [held_out_tau(one.task) for one in fitted.kept]
    assert found["answers"] == "fitted"
    assert [one["held_out_tau"] for one in found["tasks"]] == taus == fitted.taus
    for text in (benchmark_text(fitted), benchmark_markdown(fitted)):
        assert ", answers fitted\n" in text
        assert f"(10 folds): {min(taus):.2f} to {max(taus):.2f}." in text
        assert "a regret below 0 means that the model promises more" in text
    assert report.to_dict()["answers"] == "nearest"
    assert not any("held_out_tau" in one for one in report.to_dict()["tasks"])
    assert not {"tau", "below 0 means"} & set(benchmark_text(report).split())
    assert "answers" not in benchmark_text(report)


def test_a_policy_is_said_to_know_networks_that_are_searched(fitted, report):
    note = "note: the whole space is searched, also the networks that the policy was trained on."
    policy = UsedPolicy(facts={"source": "catalogue"})
    assert note in benchmark_text(replace(fitted, policy=policy))
    assert note not in benchmark_text(fitted)
    assert note not in benchmark_text(replace(report, policy=policy))


def test_searches_that_end_below_0_are_counted(fitted):
    finals = torch.tensor([[0.5, -0.1], [0.0, 0.2]], dtype=torch.float64)
    played = {name: Played(values[None, :, None], torch.ones(1, 2)) for name, values in zip("ab", finals, strict=True)}
    assert replace(fitted, surveyed=fitted.kept[:1], played={**played, "c": "no reason"}).below_zero == 0.25
    assert replace(fitted, played={"c": "no reason"}).below_zero == 0


def test_a_picture_of_regrets_below_0_is_drawn(fitted, tmp_path):
    drawn = replace(fitted, played={name: shifted(found, 2.0) for name, found in fitted.played.items()})
    assert report_files(drawn)["best-so-far.png"] != report_files(fitted)["best-so-far.png"]


def shifted(played, by):
    return replace(played, regrets=played.regrets - by)


def test_a_file_is_all_new_data(tmp_path):
    write_table(formula_table(120), tmp_path / "mine.oracle.xz")
    found = benchmark(BenchmarkSettings(str(tmp_path / "mine.oracle.xz"), ("random",), 3, (0,)), ONE)
    assert found.kinds == ["data"]
    assert "data  " not in benchmark_text(found).split("\nMethods\n")[1].splitlines()[2]


def test_a_table_on_which_no_search_can_prove_anything_is_refused(tmp_path):
    write_table(formula_table(12), tmp_path / "small.oracle.xz")
    with pytest.raises(InvalidInput, match=r"formula has none of 18: only \d networks are within the budget; "):
        benchmark(BenchmarkSettings(str(tmp_path / "small.oracle.xz"), ("random",), 3, (0,)), ONE)


def stored_policy(folder, tasks=("digits/pgd-20/wrn-16-2/2m linf@1/5",), **lineage):
    config = policy_config(RcnasSettings(hidden_size=24), 3, tasks, lineage)
    return write_policy(folder, config, small_knowledge().tensors).folder


def test_the_policy_of_the_catalogue_is_the_default_whatever_is_in_the_registry(shipped, tmp_path, monkeypatch, here):
    suite = load_suite("digits")
    monkeypatch.setattr(benchmark_policy, "catalogue_root", lambda: tmp_path)
    with pytest.raises(NotFound):
        used_policy(None, tmp_path, suite)
    folder = stored_policy(tmp_path / "rcnas-policy")
    for asked, source in ((None, "catalogue"), (str(folder), "folder")):
        found = used_policy(asked, tmp_path, suite)
        assert found.knowledge.tensors.keys() == small_knowledge().tensors.keys()
        assert found.knowledge.agent.hidden_size == 24
        assert found.facts["source"] == source
        assert found.facts["digest"] == read_policy(folder).config.files["policy.json"]
    assert used_policy("none", tmp_path, suite).knowledge is None


def test_a_policy_that_may_have_seen_what_is_held_out_is_said_to(shipped, tmp_path):
    suite = load_suite("digits")
    own = tuple(map(str, suite.training[:2]))
    folders = [
        stored_policy(tmp_path / "own", own, oracle="digits"),
        stored_policy(tmp_path / "elsewhere", own),
        stored_policy(tmp_path / "other", ("cifar10/pgd-20/wrn-16-2/2m linf@8/255",)),
    ]
    notes = [used_policy(str(folder), tmp_path, suite).notes for folder in folders]
    assert notes[0] == notes[2] == ()
    assert "may be nothing new to it" in notes[1][0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ("random", "rnd")}, "a search method must be one of .*, got 'rnd'"),
        ({"methods": ("random", "random")}, "the methods must be at least one, each given once, got random, random"),
        ({"methods": ()}, "the methods must be at least one"),
        ({"seeds": ()}, "the number of seeds must be at least 1"),
        ({"seeds": (1, 1)}, "the seeds must be at least one, each given once, got 1, 1"),
        ({"queries": 0}, "the queries must be at least 1"),
        ({"answers": "ridge"}, "the answers of an oracle must be one of .*, got 'ridge'"),
    ],
)
def test_settings_that_cannot_be(changes, message):
    with pytest.raises(InvalidInput, match=message):
        BenchmarkSettings(**changes)


def test_all_methods_are_the_default():
    assert set(BenchmarkSettings().methods) == set(METHODS)


def test_a_run_keeps_the_numbers_and_the_files(shipped, store, monkeypatch):
    monkeypatch.setattr(workflow, "current_store", lambda: store)
    found = benchmark(BenchmarkSettings("digits", ("random",), 3, (0,), track=True), ONE)
    run = store.client().get_run(found.run_id)
    assert run.data.params["oracle"] == "digits"
    assert run.data.metrics["random.simple_regret"] == pytest.approx(found.standings()["random"].regret)
    names = {file.path for file in store.client().list_artifacts(found.run_id)}
    assert names == {"report.json", "table.md", "best-so-far.png"}
