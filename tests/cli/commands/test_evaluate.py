import subprocess

import pytest

from ..answers import PROGRAM, document

FIELDS = {
    *("model", "dataset", "threat", "seed", "samples", "clean_accuracy", "attacks", "robust_accuracy", "interval"),
    *("flags", "seconds"),
}


def test_the_document_tells_the_numbers(chain):
    found = chain["evaluate"]
    assert set(found) >= FIELDS
    assert (found["model"], found["dataset"], found["threat"]) == ("./mine", "digits", "linf@1/5")
    assert (found["seed"], found["samples"], list(found["attacks"])) == (0, 32, ["fgsm"])
    low, high = found["interval"]
    assert 0 <= low <= found["robust_accuracy"] <= high <= 1
    assert found["robust_accuracy"] == found["attacks"]["fgsm"] <= found["clean_accuracy"]
    assert found["run_id"] in {row["id"] for row in chain["runs"]}


def test_the_same_question_gets_the_same_answer(run, there, chain):
    again = document(run("evaluate", "./copy", "--attack", "fgsm", "--samples", "32", "--json"))
    same = FIELDS - {"model", "seconds"}
    assert {name: again[name] for name in same} == {name: chain["evaluate"][name] for name in same}


@pytest.mark.parametrize("options", ["--threat linf@1/10", "--threat 1/10", "--eps 0.1", "--eps 1/10 --threat 1/10"])
def test_the_radius_may_be_said_in_many_ways(run, there, options):
    line = f"evaluate ./mine --attack fgsm --samples 4 {options} --json"
    assert document(run(*line.split()))["threat"] == "linf@1/10"


def test_attacks_are_repeated_or_joined(run, there):
    line = "evaluate ./mine --attack pgd-2,fgsm --attack clean --samples 8 --json"
    found = document(run(*line.split()))
    assert list(found["attacks"]) == ["clean", "fgsm", "pgd-2"]
    assert found["robust_accuracy"] <= min(found["attacks"].values())


def test_a_network_without_a_record_of_its_data_is_measured_on_request(run, here, material):
    line = f"evaluate {material}/whole --dataset digits --attack fgsm --samples 4 --seed 5 --json"
    assert document(run(*line.split()))["seed"] == 5


def test_people_get_a_table_and_progress(run, there):
    answer = run("evaluate", "robust-mine", "--attack", "pgd-1", "--samples", "16")
    assert answer.exit_code == 0
    first, *_, robust, weakest, took = answer.stdout.splitlines()
    assert first == "robust-mine on 16 test images of digits, threat linf@1/5, seed 0"
    assert robust.startswith("robust accuracy ")
    assert weakest.startswith("weakest classes: ")
    assert took.startswith("took ")
    assert "attacking robust-mine: 16/16  pgd-1" in answer.stderr


def test_quiet_says_nothing_but_the_answer(run, there):
    line = "evaluate ./mine --attack pgd-3 --samples 8 --quiet"
    assert run(*line.split()).stderr == ""


def test_nothing_of_the_libraries_reaches_stdout(there):
    line = "evaluate ./mine --attack autoattack --samples 1 --json"
    done = subprocess.run([PROGRAM, *line.split()], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("{\n")
    assert done.stdout.endswith("\n}\n")
    assert {line.partition(":")[0] for line in done.stderr.splitlines()} <= {"attacking ./mine"}


def test_an_estimate_says_what_it_is_of(run, there):
    line = "evaluate robust-2m --attack fgsm,pgd-40 --tolerance 0.1 --json"
    found = document(run(*line.split()))
    assert list(found["attacks"]) == ["fgsm", "pgd-40"]
    assert found["estimate"]["attack"] == "pgd-40"
    assert 0 < found["estimate"]["drawn"] < found["estimate"]["standing"]
    low, high = found["interval"]
    assert (high - low) / 2 <= 0.1


def test_a_time_limit_ends_it(run, there):
    answer = run(*["evaluate", "./mine", "--attack", "autoattack", "--seed", "9", "--time-limit", "0.001s", "--json"])
    assert answer.exit_code == 1
    assert answer.stderr.splitlines()[-1].startswith("error: the time limit must leave time for an attack")


def test_a_report_is_made_and_verified(run, there, tmp_path):
    line = f"evaluate ./mine --attack fgsm --samples 32 --radii 1/20,0.5 --to {tmp_path}/report --json"
    found = document(run(*line.split()))
    assert [point["threat"] for point in found["curve"]] == ["linf@1/20", "linf@1/5", "linf@1/2"]
    assert found["folder"] == f"{tmp_path}/report"
    assert document(run("verify", f"{tmp_path}/report", "--json"))["passed"]


def test_images_can_be_attacked_on_another_network(run, there):
    line = "evaluate ./mine --source ./copy --attack pgd-3 --samples 32 --json"
    found = document(run(*line.split()))
    assert len(found["settings"]["pgd-3"]["source"]) == 64
    own = document(run("evaluate", "./mine", "--attack", "pgd-3", "--samples", "32", "--json"))
    assert found["robust_accuracy"] >= own["robust_accuracy"]


def test_a_sound_network_has_nothing_to_fear_from_the_lint(run, there):
    assert document(run("evaluate", "robust-2m", "--attack", "fgsm", "--lint", "--json"))["flags"] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--radii 1/20,9", "--radii: "),
        ("--time-limit soon", "--time-limit: a time must be above 0 and written like 90, 90s, 10m or 2h, got 'soon'"),
        ("--time-limit 0", "--time-limit: a time must be above 0"),
        ("--tolerance 0", "--tolerance: a fraction must be a number in (0, 1]"),
        ("--tolerance 1", "the tolerance must be inside (0, 1), got 1"),
        ("--eps 0", "--eps: "),
        ("--eps -1/5", "--eps: "),
    ],
)
def test_what_cannot_be_is_told_in_a_line(run, there, options, message):
    answer = run("evaluate", "./mine", "--attack", "fgsm", *options.split())
    assert answer.exit_code == 2
    assert answer.stderr.startswith(f"error: {message}")
    assert answer.stderr.count("\n") == 1
