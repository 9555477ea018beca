"""Accuracies on corrupted images, against one image at a time."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.datasets.corrupted import Corruptions
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.workflows.corruptions import CorruptionReport, Withstood, measure_corruptions
from rcnas_zoo.workflows.corruptions_text import corruptions_text
from rcnas_zoo.workflows.own_model import own_model
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.zoo.writing import write_entry

from .quick import Heard

IMAGES = 270
LABELS = np.arange(IMAGES) % 10
REPORT = CorruptionReport(
    "./mine", Path("mine.npz"), {"fog": Withstood((90, 60), 100), "blur": Withstood((30, 20, 10), 100)}
)


def pixels(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8), dtype=np.uint8)


ARRAYS = {"fog": pixels(2 * IMAGES, seed=1), "blur": pixels(3 * IMAGES, seed=2)}


@pytest.fixture
def source(tmp_path):
    """Two severities of fog and three of blur, of more images than a batch."""
    np.savez(tmp_path / "mine.npz", labels=LABELS, **ARRAYS)
    return tmp_path / "mine.npz"


@pytest.fixture
def entry(tmp_path):
    spec = named_spec("wrn-10-1", InputSpec((1, 8, 8)), 10)
    write_entry(tmp_path / "entry", spec, new_record("entry", spec, dataset="digits"), build(spec, seed=1).state_dict())
    return str(tmp_path / "entry")


def count_right_by_loop(network, array, severity):
    part = array[IMAGES * severity : IMAGES * (severity + 1)]
    with torch.no_grad():
        answers = [int(network(torch.tensor(image / 255, dtype=torch.float32)[None, None]).argmax()) for image in part]
    return sum(answer == label for answer, label in zip(answers, LABELS, strict=True))


def test_every_severity_is_counted_as_one_by_one(nets, source):
    found = measure_corruptions(f"{nets}:net", source)
    network = own_model(f"{nets}:net", "cpu")
    assert list(found.corruptions) == ["fog", "blur"]
    for name, count in {"fog": 2, "blur": 3}.items():
        expected = tuple(count_right_by_loop(network, ARRAYS[name], severity) for severity in range(count))
        assert found.corruptions[name] == Withstood(expected, IMAGES)
    assert found.samples == 5 * IMAGES


def test_an_entry_is_measured_alike(entry, source):
    network = build(named_spec("wrn-10-1", InputSpec((1, 8, 8)), 10), seed=1).eval()
    found = measure_corruptions(entry, source).corruptions["fog"]
    assert found.right == tuple(count_right_by_loop(network, ARRAYS["fog"], severity) for severity in range(2))


def test_the_means_weigh_every_corruption_alike():
    assert REPORT.corruptions["fog"].accuracies == (0.9, 0.6)
    assert REPORT.corruptions["blur"].mean == pytest.approx(0.2)
    assert REPORT.mean_accuracy == pytest.approx((0.75 + 0.2) / 2)
    assert REPORT.mean_corruption_error == pytest.approx(1 - 0.475)
    assert (REPORT.worst, REPORT.samples) == ("blur", 500)


def test_severities_of_one_image_are_no_further_trials():
    low, high = Withstood((60, 60, 60, 60, 60), 100).interval
    # 60 of 100 by the score interval, as any calculator of it has it.
    assert (low, high) == pytest.approx((0.5020, 0.6906), abs=5e-5)


@given(st.integers(1, 30).flatmap(lambda size: st.tuples(st.just(size), st.lists(st.integers(0, size), min_size=1))))
def test_the_interval_holds_the_mean(given):
    size, right = given
    found = Withstood(tuple(right), size)
    low, high = found.interval
    assert 0 <= low <= found.mean <= high <= 1


def test_one_corruption_at_a_time_is_read_and_told(nets, source, monkeypatch):
    events, read = [], Corruptions.__getitem__
    monkeypatch.setattr(Corruptions, "__getitem__", lambda self, name: events.append(name) or read(self, name))
    heard = Heard()
    measure_corruptions(f"{nets}:net", source, observer=heard)
    assert events == ["fog", "blur"]
    label = f"corruptions of {nets}:net"
    assert [step[1:] for step in heard.steps if step[0] == label] == [(0, 2, "fog"), (1, 2, "blur"), (2, 2, "")]
    fog = [step[1:] for step in heard.steps if step[0] == "fog"]
    assert fog == [(done, 540, f"severity {1 + (done > 270)}") for done in (250, 270, 520, 540)]


def test_the_document_and_the_text_say_the_same():
    data, text = json.loads(json.dumps(REPORT.to_dict())), corruptions_text(REPORT)
    assert {"model", "source", "samples", "mean_accuracy", "corruptions"} < set(data)
    assert (data["source"], data["worst"]) == ("mine.npz", "blur")
    assert set(data["corruptions"]["fog"]) == {"accuracies", "mean", "interval", "samples"}
    first, _, header, _, fog, blur, _, means, worst = text.splitlines()
    assert first == "./mine on 2 corruptions of mine.npz, 500 images in all"
    assert header.split()[-4:] == ["mean", "95", "%", "interval"]
    assert fog.startswith("fog             90.0 %      60.0 %           -  75.0 %")
    assert blur.startswith("blur            30.0 %      20.0 %      10.0 %  20.0 %")
    assert means.startswith("mean accuracy 47.5 %, mean corruption error 52.5 % (1 - accuracy, not divided")
    assert worst == "worst: blur, 20.0 %"


def refusal(*given):
    with pytest.raises(InvalidInput) as caught:
        measure_corruptions(*given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_severities_that_are_not_there_are_refused(nets, source):
    assert "must have 3 severities, got 2 images a label" in refusal(f"{nets}:net", source, 3)


def test_images_and_labels_must_fit_the_network(entry, nets, tmp_path):
    np.savez(tmp_path / "colour.npz", labels=LABELS, fog=np.repeat(pixels(IMAGES, 0)[..., None], 3, axis=3))
    assert "must be uint8 (n, 8, 8, 1), got uint8 (270, 8, 8, 3)" in refusal(entry, tmp_path / "colour.npz")
    assert "the model must take float32 images of shape (1, 3, 8, 8)" in refusal(f"{nets}:net", tmp_path / "colour.npz")
    np.savez(tmp_path / "more.npz", labels=LABELS + 1, fog=pixels(IMAGES, 0))
    assert "must be 0 to 9, got 1 to 10" in refusal(entry, tmp_path / "more.npz")
    assert "labels must be 0 to 9, for the model has 10 classes, got 10" in refusal(
        f"{nets}:net", tmp_path / "more.npz"
    )


def test_a_network_that_answers_nan_is_refused(tmp_path, source):
    (tmp_path / "nan.py").write_text(
        "from torch import nn\nclass Net(nn.Module):\n"
        "    def forward(self, x): return x.flatten(1)[:, :10] * float('nan')\ndef net(): return Net()\n"
    )
    assert "the logits of the model must be finite" in refusal(f"{tmp_path}/nan.py:net", source)


def test_what_is_absent_is_told(nets, tmp_path):
    with pytest.raises(NotFound, match=r"none\.npz must exist, .*; give an \.npz file, or a folder"):
        measure_corruptions(f"{nets}:net", tmp_path / "none.npz")
