import json
import lzma
import re

import pytest

from rcnas_zoo.oracles import catalogue, store
from rcnas_zoo.oracles.store import write_table
from rcnas_zoo.workflows.benchmarking import run as task_run
from tests.baselines.tables import curved_table
from tests.oracles.suites import write_tables
from tests.oracles.tables import formula_table

from ..answers import document, refusal

LINE = "benchmark --oracle digits --methods random --queries 3 --seeds 0,2-3 --workers 1"


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return write_tables(tmp_path_factory.mktemp("tables"))


@pytest.fixture(autouse=True)
def shipped(tables, here, monkeypatch):
    monkeypatch.setattr(catalogue, "TABLES", tables)
    write_table(formula_table(30), here / "mine.oracle.xz")


def test_the_document_holds_what_was_asked_and_found(run):
    found = document(run(*LINE.split(), "--reward-form", "accuracy", "--policy", "none", "--json"))
    assert (found["oracle"], found["queries"], found["seeds"]) == ("digits", 3, [0, 2, 3])
    assert (found["reward_form"], found["policy"]) == ("accuracy", None)
    assert set(found["methods"]) == {"random"}
    assert found["splits"].keys() >= {"networks", "data"}


def test_the_answers_are_the_nearest_networks_unless_a_model_is_asked_for(run):
    words = [*LINE.split(), "--policy", "none", "--json"]
    plain, nearest, fitted = (document(run(*words, *more)) for more in ([], NEAREST, FITTED))
    assert [found.pop("answers") for found in (plain, nearest, fitted)] == ["nearest", "nearest", "fitted"]
    assert plain["methods"] == nearest["methods"] != fitted["methods"]
    assert [one["landscape"] for one in plain["tasks"]] == [one["landscape"] for one in fitted["tasks"]]


NEAREST, FITTED = ["--answers", "nearest"], ["--answers", "fitted"]


def test_people_get_tables_and_progress_and_a_folder(run, here):
    answer = run(*LINE.split(), "--to", "proof")
    assert answer.exit_code == 0
    assert answer.stdout.startswith("Oracle digits: ")
    assert "benchmark: 0/" in answer.stderr
    assert json.loads((here / "proof" / "report.json").read_text())["folder"] == "proof"
    assert (here / "proof" / "table.md").read_text().startswith("# Oracle digits: ")


def test_quiet_says_nothing_but_the_answer(run):
    assert run(*LINE.split(), "--quiet").stderr == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--oracle digitz", r"one of digits, fashion-mnist, .*, got 'digitz' \(did you mean 'digits'\?\)"),
        ("--oracle digits --methods rnd", "a search method must be one of .*, got 'rnd'"),
        ("--oracle digits --methods random,random", "the methods must be at least one, each given once"),
        ("--oracle digits --queries 0", "--queries: a whole number of at least 1 must be given, got '0'"),
        ("--oracle digits --seeds 3-1", "--seeds: seeds must be a list or an ascending range, .*, got '3-1'"),
        ("--oracle digits --seeds 1,0-2", "--seeds: each seed must be given once, got '1,0-2'"),
        ("--oracle digits --reward-form size", "the form of the reward must be one of .*, got 'size'"),
        ("--oracle digits --answers fit", r"the answers of an oracle must be one of .*, got 'fit'"),
        ("--task digits/pgd-20/wrn-10-1/500k --answers fitted", "--answers must not be given with --task"),
        ("--oracle mine.oracle.xz --to .", "the folder for a report must not exist yet"),
        ("--methods random", "a benchmark must have either --oracle or --task, got neither"),
        ("--oracle digits --task digits/pgd-20/wrn-10-1/500k", "either --oracle or --task, got both"),
        ("--oracle digits --trials 3 --eps 1/5", "--eps, --trials must not be given with --oracle"),
        ("--task digits/pgd-20/wrn-10-1/500k --queries 3", "--queries must not be given with --task"),
        ("--task digits/pgd-20/wrn-10-1/500k --methods hydre", r"got 'hydre' \(did you mean 'hydra'"),
        ("--task digits/pgd-20/wrn-10-1/500k --sampler tpf --methods sat", "the sampler of a study must be one of"),
        ("--oracle digits --attacks naa --radii 1/10", "--attacks, --radii must not be given with --oracle"),
        ("--task digits/pgd-20/wrn-10-1/500k --attacks naa,a4", r"--attacks: an attack must be one of .*, got 'a4'"),
        ("--task digits/pgd-20/wrn-10-1/500k --radii 1/10,2", "--radii: the radius of a threat must be .*, got '2'"),
        ("--task digits/pgd-20/wrn-10-1/500k --radii 0", "--radii: the radius of a threat must be .*, got '0'"),
        ("--task digits/pgd-20/wrn-10-1/500k --radii 1/10,0.1", "the radii must be at most 64, each given once"),
        ("--task digits/pgd-20/wrn-10-1/1k --methods sat", "a budget must be at least"),
    ],
)
def test_words_that_make_no_sense(run, words, message):
    answer = run("benchmark", *words.split())
    assert answer.exit_code == 2
    assert re.search(message, refusal(answer))


def changed(path, change):
    """The file, its header changed as safetensors and xz allow."""
    content = lzma.decompress(path.read_bytes())
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    change(header["__metadata__"])
    text = json.dumps(header).encode()
    path.write_bytes(lzma.compress(len(text).to_bytes(8, "little") + text + content[8 + size :]))


def without_grid(metadata):
    facts = json.loads(metadata["table"])
    del facts["grid"]
    metadata["table"] = json.dumps(facts)


@pytest.mark.parametrize(
    ("damage", "code", "message"),
    [
        (lambda path: changed(path, without_grid), 4, "must match its digest, it is damaged"),
        (
            lambda path: changed(path, lambda data: data.pop("digest")),
            2,
            "must have a header with 'table' and 'digest'",
        ),
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), 4, "it was cut off or is larger"),
        (lambda path: path.write_bytes(b"this is no table at all"), 4, "must be compressed by xz"),
        (lambda path: path.write_bytes(lzma.compress(b"no table")), 2, "must be safetensors under xz"),
        (lambda path: path.unlink(), 3, "an oracle must be a file, there is none at mine"),
    ],
)
def test_a_file_that_is_no_oracle(run, here, damage, code, message):
    damage(here / "mine.oracle.xz")
    answer = run("benchmark", "--oracle", "mine.oracle.xz", "--methods", "random", "--workers", "1")
    assert re.search(message, refusal(answer))
    assert answer.exit_code == code


def test_a_table_without_a_grid_is_refused_even_if_its_digest_agrees(run, here, monkeypatch):
    whole = store.facts_of
    monkeypatch.setattr(store, "facts_of", lambda table: {k: v for k, v in whole(table).items() if k != "grid"})
    write_table(formula_table(5), here / "bare.oracle.xz")
    answer = run("benchmark", "--oracle", "bare.oracle.xz")
    assert answer.exit_code == 2
    assert "the header of an oracle must have the field 'grid'" in refusal(answer)


def test_a_policy_that_is_not_there(run):
    answer = run(*LINE.split(), "--policy", "./nowhere")
    assert answer.exit_code == 3
    assert "'nowhere'" in refusal(answer)


def test_attacks_and_radii_reach_the_benchmark_and_the_page_reaches_people(run, monkeypatch):
    asked = []
    monkeypatch.setattr(task_run, "benchmark_task", lambda task, settings, *_: asked.append(settings) or curved_table())
    words = ("benchmark", "--task", "digits/pgd-20/wrn-10-1/500k", "--attacks", "a3,naa", "--radii", "1/10, 3/10")
    found = document(run(*words, "--json"))
    assert [(each.attacks, each.radii) for each in asked] == [(("a3", "naa"), ("1/10", "3/10"))]
    assert found["radii"] == ["linf@1/10", "linf@1/5", "linf@3/10"]
    assert found["contradictions"] == []
    assert found["rows"][0]["search"]["visits"] == 4
    text = run(*words).stdout
    for part in ("Robust accuracy by radius.", "Search cost.", "No contradictions found"):
        assert part in text
