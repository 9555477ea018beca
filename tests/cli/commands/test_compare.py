from ..answers import document

LINE = "compare ./mine robust-2m --attack fgsm,pgd-2 --samples 32"


def test_the_document_compares_image_by_image(run, there, chain):
    found = document(run(*LINE.split(), "--json"))
    assert (found["model_a"], found["model_b"]) == ("./mine", "robust-2m")
    assert (found["dataset"], found["threat"], found["seed"], found["samples"]) == ("digits", "linf@1/5", 0, 32)
    assert set(found["comparisons"]) == {"clean", "fgsm", "pgd-2", "worst case"}
    fgsm = found["comparisons"]["fgsm"]
    assert (fgsm["both"] + fgsm["only_a"]) / 32 == chain["evaluate"]["attacks"]["fgsm"]
    assert all(0 <= place < 32 for place in fgsm["won"] + fgsm["lost"])


def test_people_get_a_table_a_verdict_and_progress(run, there):
    answer = run("compare", "robust-2m", "./mine", "--attack", "pgd-1", "--samples", "31")
    assert answer.exit_code == 0
    a, b, about, *_, sentence = answer.stdout.partition("\nwarning: ")[0].splitlines()
    assert (a, b) == ("A: robust-2m", "B: ./mine")
    assert about == "31 test images of digits, threat linf@1/5, seed 0 (data set and threat as of A)"
    assert sentence.startswith(("A withstands more: +", "no difference is shown: "))
    assert "attacking robust-2m: 31/31  pgd-1" in answer.stderr
    assert "attacking ./mine: 31/31  pgd-1" in answer.stderr


def test_quiet_says_nothing_but_the_answer(run, there):
    assert run(*LINE.split(), "--quiet").stderr == ""


def test_what_is_asked_reaches_both(run, there):
    line = "compare ./mine ./copy --attack pgd-2 --eps 1/10 --protocol rrn --dataset digits --samples 8 --seed 5 --json"
    found = document(run(*line.split()))
    assert (found["threat"], found["seed"], found["samples"], found["from_a"]) == ("linf@1/10", 5, 8, [])
    assert found["comparisons"]["pgd-2"]["difference"] == 0
