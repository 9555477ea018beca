CHECKS = [
    "record",
    "spec",
    "hashes",
    "spec digest",
    "cost",
    "measurements",
    "weights file",
    "finite weights",
    "fitting weights",
    "canary",
    "receipt",
]


def test_the_document_tells_every_check(chain):
    found = chain["verify"]
    assert (found["name"], found["passed"]) == ("./mine", True)
    assert [(check["name"], check["passed"]) for check in found["checks"]] == [(name, True) for name in CHECKS]
    assert set(found["checks"][0]) == {"name", "passed", "detail"}
    assert chain.answers["verify"].stderr == ""


def test_a_pulled_copy_verifies(chain):
    assert chain["verify the copy"]["passed"]


def test_people_get_a_line_a_check(run, there):
    answer = run("verify", "./mine")
    assert answer.exit_code == 0
    *lines, receipt, verdict = answer.stdout.splitlines()
    assert lines == [f"ok    {name}" for name in CHECKS[:-1]]
    assert receipt.startswith("ok    receipt: at most ")
    assert " stand on 360 images under linf@1/5: " in receipt
    assert verdict == "verified"


def test_a_name_is_verified_where_it_is_kept(run, there):
    assert run("verify", "robust-mine").exit_code == 0
    assert run("verify", "wrn-28-10").stdout.splitlines()[-1] == "verified"
