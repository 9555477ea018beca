"""What is refused: exit code, one line that says what was expected, what came and what to do, and nothing left behind.

``{m}`` is the folder of the `material`.
"""

import json
import re
import time
from pathlib import Path

import pytest

from .answers import error_line, refusal, tree

TASKS = [
    (
        "digits/pgd-20/wrn-16-2",
        r"a task must be dataset/attack/teacher/budget, such as .*, got 'digits/pgd-20/wrn-16-2'",
    ),
    ("digits//wrn-16-2/2m", "a task must be dataset/attack/teacher/budget"),
    ("digitz/pgd-20/wrn-16-2/2m", r"a data set must be one of .*, got 'digitz' \(did you mean 'digits'\?\)"),
    ("digits/pdg-20/wrn-16-2/2m", r"an attack must be one of .*, got 'pdg-20' \(did you mean 'pgd-20'\?\)"),
    ("digits/pgd/wrn-16-2/2m", "an attack pgd must name its steps, such as pgd-20, got 'pgd'"),
    ("digits/pgd-20/wrn-17-2/2m", r"must be 6 n \+ 4 with n at least 1, got 'wrn-17-2'; wrn-16-2 is one"),
    ("digits/pgd-20/resnet/2m", "a teacher must be wrn-D-K, such as wrn-28-10, got 'resnet'"),
    ("digits/pgd-20/wrn-16-2/2", "a budget must be a number of MACs with a unit, such as 5g, 800m or 500k, got '2'"),
    ("digits/pgd-20/wrn-16-2/0m", "a budget must be at least 1 "),
    ("digits/pgd-20/wrn-16-2/20m", r"at most twice the teacher's cost of 6\.30 M MACs, got 20m; take a smaller"),
    (
        "cifar10/autoattack/wrn-28-10/100g",
        r"at most twice the teacher's cost of 5\.24 G MACs, got 100g; take a smaller",
    ),
    ("digits/pgd-20/wrn-16-2/1k", "a budget must be at least the .* of the smallest network .*; take a larger budget"),
]

RADII = [
    ("8", r"in \(0, 1\] such as 8/255, got '8'; write 8/255 if you mean pixel steps"),
    ("0", "got '0'"),
    ("-1/255", "got '-1/255'"),
    ("-0.1", "got '-0.1'"),
    ("1/0", "got '1/0'"),
    ("2.5", "got '5/2'"),
    ("nan", "got 'nan'"),
    ("1e-2", "got '1e-2'"),
]

TYPED = [
    ("evaluate x --attack pgd-0", r"--attack: an attack must be one of .*, got 'pgd-0'"),
    ("evaluate x --attack fsgm", r"got 'fsgm' \(did you mean 'fgsm'\?\)"),
    ("evaluate x --threat l3@8/255", "--threat: the norm of a threat must be one of linf, l2, got 'l3'"),
    ("train wrn-10-1 --dataset digits --set epochs=3", "without an option of its own, got epochs; use --epochs"),
    ("train wrn-10-1 --dataset digits --set threat=linf@1/9", "got threat; use --threat"),
    ("train wrn-10-1 --dataset digits --precision bfloat16 --set precision=float32", "got precision; use --precision"),
    ("evaluate x --threat 8/255 --eps 1/10", "must not contradict each other, got linf@8/255 and linf@1/10"),
    ("evaluate {m}/whole --protocol rnn", r"a protocol must be one of .*, got 'rnn'"),
    ("evaluate x --samples -3", "--samples: a whole number of at least 1 must be given, got '-3'"),
    ("evaluate x --seed -1", "--seed: a whole number of at least 0 must be given, got '-1'"),
    ("evaluate {m}/whole --seed 99999999999", "the seed must be at least 0 and at most 2147483647, got 99999999999"),
    ("evaluate x --workers x", "--workers: a whole number of at least 0 must be given, got 'x'"),
    ("evaluate {m}/whole --device gpu", "a device must be one of auto, cpu, .*, got 'gpu'"),
    (
        "evaluate {m}/whole --dataset fashion-mnits",
        r"--dataset: .* got 'fashion-mnits' \(did you mean 'fashion-mnist'\?\)",
    ),
    ("evaluate {m}/whole --dataset npz:{m}/good.npz", r"must take images \(1, 8, 8\) of 3 classes, got .* and 10"),
    ("evaluate {m}/whole --attack torchattacks:NoSuchAttack", "NoSuchAttack"),
    ("compare x y --threat 8/255 --eps 1/10", "must not contradict each other, got linf@8/255 and linf@1/10"),
    ("compare robust-2m {m}/whole --protocol rnn", r"a protocol must be one of .*, got 'rnn'"),
    ("compare robust-2m {m}/whole --dataset npz:{m}/good.npz", r"must take images \(1, 8, 8\) of 3 classes, got"),
    ("compare robust-2m", "Missing argument 'B'; see rcnas-zoo compare --help"),
    ("corruptions robust-2m", "Missing argument 'FILE_OR_DIR'; see rcnas-zoo corruptions --help"),
    ("corruptions robust-2m {m}/good.npz", r"good\.npz must hold the array labels, got train_images"),
    ("corruptions robust-2m {m}/cut.npz", r"cut\.npz must be a whole \.npz file"),
    ("corruptions robust-2m x.npz --severities 0", "--severities: a whole number of at least 1 must be given, got '0'"),
    ("finetune digits/pgd-20/wrn-16-2/2m --iterations 0", "--iterations: a whole number of at least 1 must be given"),
    ("finetune digits/pgd-20/wrn-16-2/2m --compare teacher,randon", r"got 'randon' \(did you mean 'random'\?\)"),
    ("finetune digits/pgd-20/wrn-16-2/2m --lips yes", "--lips: a switch must be one of on, off, got 'yes'"),
    ("finetune digits/pgd-20/wrn-16-2/2m --threat l2@1/2", "a search must be for a Linf threat, .*, got l2@1/2"),
    (
        "plan digits/pgd-20/wrn-16-2/2m --compare best",
        "must be one of teacher, robustresnet, r-nas, .*, got 'best'",
    ),
    ("plan npz:{m}/good.npz/pgd-20/wrn-10-1/500k", "a plan must be for a known data set, such as digits"),
    ("train wrn-10-1 --dataset digits --objective tradez", r"got 'tradez' \(did you mean 'trades'\?\)"),
    ("train wrn-17-1 --dataset digits", "got 'wrn-17-1'; wrn-16-1 is one"),
    ("train wrn-10-1 --dataset digits --to {m}/notes", "must not exist, got '.*notes'; name another with --to"),
    ("train wrn-10-1 --dataset digits --to a:b", "a zoo name must be 1 to 128 letters"),
    ("train {m}/unknown-field.json --dataset digits", r"no field 'clases'"),
    ("train {m}/cut.json --dataset digits", "a network spec must be a JSON object"),
    ("train {m}/colour.json --dataset digits", r"must take images \(1, 8, 8\) of 10 classes, got \(3, 32, 32\) and 10"),
    ("train {m}/notes --dataset digits", r"an entry must be a folder with a record\.json, got '.*notes'"),
    ("retrain robust-2m --fraction 2", r"--fraction: a fraction must be a number in \(0, 1\], .*, got '2'"),
    ("retrain robust-2m --fraction 1/0", "got '1/0'"),
    ("retrain robust-2m --fraction 0", "got '0'"),
    ("retrain robust-2m --fraction nan", "got 'nan'"),
    ("retrain robust-2m --to {m}/notes", "must not exist, got '.*notes'; name another with --to"),
    ("retrain wrn-28-10", "got none for 'wrn-28-10' .*; use train: rcnas-zoo train wrn-28-10 --dataset DATASET"),
    ("retrain {m}/whole", "must have a training recipe in its record, got none for 'whole'"),
    ("retrain {m}/notes", r"an entry must be a folder with a record\.json, got '.*notes'"),
    ("list --max-macs 5", "--max-macs: a budget must be a number of MACs with a unit"),
    ("list --min-robust 56", r"--min-robust: an accuracy must be a fraction in \[0, 1\], got '56'"),
    ("runs --limit 0", "--limit: a whole number of at least 1 must be given, got '0'"),
    ("show robust:x", "a version must be a whole number from 1, such as robust-5g:3, got 'robust:x'"),
    ("show robust@latest", "an alias must not be 'latest'"),
    ("pull -robust", r"No such option"),
    ("pull _robust", "a zoo name must be 1 to 128 letters, .* got '_robust'"),
    ("pull wrn-28-10 --architecture --to {m}/notes/../good.npz", "must go to an absent or empty folder"),
    ("pull wrn-28-10 --source web", "a source must be one of registry, catalogue, got 'web'"),
    ("verify {m}/notes", r"an entry must be a folder with a record\.json, got '.*notes'"),
    ("publish {m}/whole --name a/b", "a zoo name must be 1 to 128 letters, .* got 'a/b'"),
    ("publish {m}/whole --name mine --alias v2", "an alias must not be 'latest' or 'v<number>'"),
]

DATA = [
    ("absent.npz", 3, r"absent\.npz must exist, .* does not; give the path of an \.npz file"),
    ("cut.npz", 2, r"cut\.npz must be a whole \.npz file .*, got one cut off or no zip"),
    ("empty.npz", 2, r"empty\.npz must be a whole \.npz file .*, got one cut off or no zip"),
    ("none.npz", 2, r"must be at least one, of at least one pixel, got the shape \(0, 8, 8\)"),
    ("negative.npz", 2, r"the labels in the train split of .* must be class numbers from 0, got \[-1, 1\]"),
    ("float.npz", 2, r"must be uint8 0\.\.255, got float64 in \[0, 2\.55\]; store pixels as uint8"),
]

ABSENT = [
    ("evaluate wrn-28-10", "'wrn-28-10' must have weights, .*train it: rcnas-zoo train wrn-28-10 --dataset cifar10"),
    ("evaluate {m}/bare --dataset digits", "bare must have weights to be loaded, but it is an architecture alone"),
    ("evaluate ./nowhere", "an entry folder must exist, got 'nowhere'; pull one with: rcnas-zoo pull NAME"),
    ("compare robust-2m ./nowhere", "an entry folder must exist, got 'nowhere'"),
    ("corruptions ./nowhere x.npz", "an entry folder must exist, got 'nowhere'"),
    (
        "corruptions robust-2m nowhere.npz",
        r"nowhere\.npz must exist, .*; give an \.npz file, or a folder of \.npy files",
    ),
    ("verify ./nowhere", "an entry folder must exist, got 'nowhere'"),
    ("verify nowhere", "'nowhere' must be in the registry .* or the shipped catalogue; see what there is"),
    ("show wrn-28-1", r"must be in the registry .* or the shipped catalogue \(did you mean 'wrn-28-10'\?\)"),
    ("show wrn-28-10:3", "wrn-28-10:3 must be in the registry, but only the catalogue has 'wrn-28-10'"),
    ("show wrn-28-10@best", "wrn-28-10@best must be in the registry, but only the catalogue has 'wrn-28-10'"),
    ("pull wrn-28-10", "train wrn-28-10 --dataset cifar10 .*, or .*: rcnas-zoo pull wrn-28-10 --architecture$"),
    ("pull robust-4g", "train it: rcnas-zoo finetune cifar10/autoattack/wrn-28-10/4g$"),
    ("pull robust-3m", "train it: rcnas-zoo finetune digits/pgd-20/wrn-16-2/3m$"),
    ("pull wrn-28-10 --source registry --architecture", "'wrn-28-10' must be in the registry sqlite"),
    ("train wrm-10-1 --dataset digits", "'wrm-10-1' must be in the registry"),
    ("retrain ./nowhere", "an entry folder must exist, got 'nowhere'; pull one with: rcnas-zoo pull NAME"),
    ("retrain nowhere", "'nowhere' must be in the registry .* or the shipped catalogue"),
    ("train nowhere.json --dataset digits", r"a spec file must exist, got 'nowhere\.json'"),
    (
        "train wrn-10-1 --dataset cifar10",
        "cifar10 must exist, .*add --download, or unpack it under .*, or .* --data-root",
    ),
    ("train wrn-10-1 --dataset cifar10 --data-root ./mine", "unpack it under mine, or point --data-root at it"),
    ("finetune cifar10/autoattack/wrn-28-10/5g", "the data set cifar10 must exist, .*add --download"),
    ("finetune digits/pgd-20/wrn-10-1/500k --policy ./nowhere", "a policy must be a folder with a policy.json"),
    ("finetune digits/pgd-20/wrn-10-1/500k --teacher-weights ./nowhere", "an entry folder must exist"),
    ("publish {m}/bare --name mine", "an entry to publish must have weights, got an architecture alone"),
    ("publish ./nowhere --name mine", "an entry folder must exist"),
]


NAN = "weights must be finite, but these weights hold NaN in tensor 'classifier.bias'"
CHANGED = r"weights\.safetensors must match its sha256 in record\.json, but it was changed; pull the entry again"


@pytest.fixture
def refused(run, here, material):
    """The line that refuses a command, after which the working directory is as empty as before."""

    def refuse(line, code):
        answer = run(*line.format(m=material).split())
        message = refusal(answer)
        assert answer.exit_code == code, message
        assert tree(here) == set()
        return message

    return refuse


@pytest.mark.parametrize("command", ["plan", "finetune"])
@pytest.mark.parametrize(("task", "message"), TASKS)
def test_a_task_that_cannot_be(refused, command, task, message):
    assert re.search(message, refused(f"{command} {task}", 2))


@pytest.mark.parametrize("line", ["evaluate x --eps", "train wrn-10-1 --dataset digits --eps", "list --threat"])
@pytest.mark.parametrize(("radius", "message"), RADII)
def test_a_radius_that_cannot_be(refused, line, radius, message):
    found = refused(f"{line} {radius}", 2)
    assert re.match(r"--(eps|threat): the radius of a threat must be a fraction or decimal in \(0, 1\]", found)
    assert re.search(message, found)


@pytest.mark.parametrize(("line", "message"), TYPED)
def test_words_that_make_no_sense(refused, line, message):
    assert re.search(message, refused(line, 2))


@pytest.mark.parametrize(
    "line",
    [
        "show",
        "verify",
        "evaluate",
        "compare",
        "corruptions x",
        "pull",
        "finetune",
        "retrain",
        "plan",
        "publish --name x",
    ],
)
def test_an_empty_word_where_something_must_be_said(run, here, line):
    answer = run(*line.split(), "")
    assert answer.exit_code == 2
    assert re.match("Missing argument '.*'; see rcnas-zoo ", refusal(answer))


@pytest.mark.parametrize("line", ["train wrn-10-1 --dataset digits --to ./mine", "finetune"])
@pytest.mark.parametrize(("file", "code", "message"), DATA)
def test_data_that_are_absent_or_damaged(refused, line, file, code, message):
    words = (
        f"{line} npz:{{m}}/{file}/pgd-20/wrn-10-1/500k" if line == "finetune" else f"{line} --dataset npz:{{m}}/{file}"
    )
    assert re.search(message, refused(words, code))


@pytest.mark.parametrize(("line", "message"), ABSENT)
def test_what_is_not_there(refused, line, message):
    assert re.search(message, refused(line, 3))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("evaluate {m}/nan", f"^{NAN}"),
        ("publish {m}/nan --name mine", f"^{NAN}"),
        ("evaluate {m}/flipped", f"^{CHANGED}"),
        ("publish {m}/flipped --name mine", f"^{CHANGED}"),
        ("show {m}/flipped", f"^{CHANGED}"),
        ("evaluate {m}/cut", f"^{CHANGED}"),
        ("compare robust-2m {m}/cut", f"^{CHANGED}"),
        ("finetune digits/pgd-20/wrn-10-1/500k --teacher-weights {m}/cut", f"^{CHANGED}"),
        ("train {m}/cut --dataset digits", f"^{CHANGED}"),
        ("retrain {m}/cut", f"^{CHANGED}"),
    ],
)
def test_an_entry_that_cannot_be_trusted(refused, line, message):
    assert re.search(message, refused(line, 4))


@pytest.mark.parametrize(
    ("entry", "check", "reason"),
    [("nan", "finite weights", NAN), ("flipped", "hashes", CHANGED), ("cut", "hashes", CHANGED)],
)
def test_verify_shows_every_check_and_tells_the_first_that_fails(run, here, material, entry, check, reason):
    answer = run("verify", material / entry)
    assert answer.exit_code == 4
    assert re.match(f"every check must pass, but '{check}' does not: {reason}", error_line(answer))
    assert re.search(f"^FAIL  {check}: {reason}$", answer.stdout, re.MULTILINE)
    assert answer.stdout.endswith("REFUSED\n")
    found = json.loads(run("verify", material / entry, "--json").stdout)
    assert found["passed"] is False
    assert check in [row["name"] for row in found["checks"] if not row["passed"]]
    assert tree(here) == set()


NEEDS_A_STORE = [
    "runs",
    "publish {m}/whole --name mine",
    "train wrn-10-1 --dataset digits --to ./mine",
    "finetune digits/pgd-20/wrn-10-1/500k --workers 1",
    "pull robust-5g --architecture",
    "list --refresh",
    "evaluate {m}/whole --attack clean --samples 2 --track --quiet",
]


@pytest.mark.parametrize("line", NEEDS_A_STORE)
def test_an_unreachable_server_is_told_within_seconds(refused, closed_server, monkeypatch, line):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", closed_server.tracking_uri)
    start = time.monotonic()
    message = refused(line, 1)
    assert time.monotonic() - start < 10
    assert message.startswith(f"the MLflow server {closed_server.tracking_uri} must answer, got: ")


@pytest.mark.parametrize("line", NEEDS_A_STORE[1:4])
def test_a_store_that_takes_nothing_is_told(run, here, material, store, monkeypatch, line):
    path = store.tracking_uri.removeprefix("sqlite:///")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///file:{path}?mode=ro&uri=true")
    answer = run(*line.format(m=material).split())
    assert answer.exit_code == 1
    assert re.search("attempt to write a readonly database; mend it, or set MLFLOW_TRACKING_URI", refusal(answer))
    # MLflow itself takes this URI for a path and makes folders for it.
    assert {name for name in tree(here) if not name.startswith("file:")} == set()


@pytest.mark.parametrize("line", ["publish {m}/whole --name mine", "train wrn-10-1 --dataset digits --to ./mine"])
def test_a_folder_that_takes_no_store_is_told(refused, monkeypatch, line):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////proc/mlflow.db")
    assert refused(line, 1).startswith("the MLflow database /proc/mlflow.db must be one that can be opened here: ")


def test_a_cache_that_takes_nothing_is_told(refused, monkeypatch):
    monkeypatch.setenv("RCNAS_CACHE", "/proc/cache")
    message = refused("evaluate {m}/whole --attack clean --samples 2 --quiet", 1)
    assert re.match(r"/proc/cache/evaluations/.* must be writable: ", message)


def test_a_target_that_takes_nothing_is_told(refused):
    assert re.match("/proc/mine must be writable: ", refused("pull wrn-28-10 --architecture --to /proc/mine", 1))


def test_test_labels_out_of_range_are_told_when_the_test_split_is_opened(run, store, material, monkeypatch):
    folder = Path(store.tracking_uri.removeprefix("sqlite:///")).parent
    monkeypatch.chdir(folder)
    line = f"train wrn-10-1 --dataset npz:{material}/test-labels.npz --objective clean --epochs 1 --to mine --quiet"
    answer = run(*line.split())
    assert answer.exit_code == 2
    assert re.match("the test labels of npz:.* must be classes of the train split, 0 to 2, got 7", refusal(answer))
    assert not (folder / "mine").exists()
    (tracked,) = json.loads(run("runs", "--json").stdout)
    assert (tracked["workflow"], tracked["status"]) == ("train", "FAILED")
