import numpy as np
import pytest

from ..answers import document


@pytest.fixture
def source(tmp_path):
    rng = np.random.default_rng(0)
    folder = tmp_path / "digits-c"
    folder.mkdir()
    np.save(folder / "labels.npy", np.arange(20) % 10)
    for name in ("fog", "blur"):
        np.save(folder / f"{name}.npy", rng.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8))
    return folder


def test_the_document_tells_every_severity(run, here, source):
    found = document(run("corruptions", "robust-2m", source, "--json"))
    assert (found["model"], found["source"], found["samples"]) == ("robust-2m", str(source), 80)
    assert {name: len(row["accuracies"]) for name, row in found["corruptions"].items()} == {"blur": 2, "fog": 2}
    means = [row["mean"] for row in found["corruptions"].values()]
    assert found["mean_accuracy"] == pytest.approx(sum(means) / 2)
    assert found["corruptions"][found["worst"]]["mean"] == min(means)


def test_people_get_a_table_and_progress(run, here, source):
    answer = run("corruptions", "robust-2m", source, "--severities", "2", "--device", "cpu")
    assert answer.exit_code == 0
    first, _, header, *_, means, worst = answer.stdout.splitlines()
    assert first == f"robust-2m on 2 corruptions of {source}, 80 images in all"
    assert header.startswith("corruption  severity 1  severity 2")
    assert means.startswith("mean accuracy ")
    assert worst.startswith("worst: ")
    assert "corruptions of robust-2m: 2/2" in answer.stderr


def test_quiet_says_nothing_but_the_answer(run, here, source):
    assert run("corruptions", "robust-2m", source, "--quiet").stderr == ""
