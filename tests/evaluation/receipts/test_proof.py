import pytest
import torch

from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.evaluation.receipts.coarse import Originals
from rcnas_zoo.evaluation.receipts.packing import pack
from rcnas_zoo.evaluation.receipts.proof import judge, prove
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput
from rcnas_zoo.spec.threat import ThreatModel


def small_set(conv, threat, count=60):
    """Images for the small network, and labels that it predicts but for every tenth image."""
    pixels = torch.randint(256, (count, 1, 4, 4), generator=torch.Generator().manual_seed(5), dtype=torch.uint8)
    originals = Originals(pixels, 255, make_ball(ThreatModel.parse(threat), 0.0, 1.0))
    labels = conv(originals.floats()).argmax(1)
    labels[::10] = (labels[::10] + 1) % 4
    return originals, labels


def attack(model, originals, labels, name="pgd-20"):
    """The numbers and examples of the images that an attack breaks."""
    clean = originals.floats()
    made = make_attack(AttackName.parse(name), originals.ball.threat, 4, 0.0, 1.0)
    found = made.perturb(model, clean, labels, torch.Generator().manual_seed(0))
    with torch.no_grad():
        broken = (model(found).argmax(1) != labels) & (model(clean).argmax(1) == labels)
    return broken.nonzero().flatten(), found[broken]


@pytest.fixture(params=["linf@1/20", "l2@1/5"])
def case(conv, request):
    originals, labels = small_set(conv, request.param)
    numbers, found = attack(conv, originals, labels)
    assert 5 < len(numbers) < 50
    return conv, originals, labels, numbers, pack(originals, found, numbers, judge(conv, labels))


def test_a_receipt_proves_what_the_evaluation_found(case):
    model, originals, labels, numbers, receipt = case
    proof = prove(model, originals, labels, receipt)
    report = evaluate(model, originals.floats(), labels, attacks=["pgd-20"], threat=originals.ball.threat)
    assert (proof.samples, proof.wrong, proof.claimed, proof.proved) == (60, 6, len(numbers), len(numbers))
    assert proof.broken == 6 + len(numbers)
    assert torch.equal(proof.verdict, report.verdicts["pgd-20"])
    assert proof.at_most == report.robust_accuracy


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_batch_size_does_not_matter(case, size):
    model, originals, labels, _, receipt = case
    assert torch.equal(prove(model, originals, labels, receipt, size).verdict, prove(*case[:3], receipt).verdict)


def test_the_model_comes_back_as_it_was(case):
    model, originals, labels, _, receipt = case
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert prove(model, originals, labels, receipt).proved > 0
    assert model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_another_network_is_not_proved_to_be_broken(case):
    model, originals, labels, _, receipt = case
    with torch.no_grad():
        model[4].weight.zero_()
        model[4].bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    proof = prove(model, originals, torch.zeros_like(labels), receipt)
    assert (proof.wrong, proof.proved, proof.broken, proof.at_most) == (0, 0, 0, 1.0)


def test_claims_on_images_that_are_wrong_anyway_count_once(case):
    model, originals, labels, numbers, _ = case
    wrong = (model(originals.floats()).argmax(1) != labels).nonzero().flatten()
    chosen = torch.cat([wrong, numbers[:3]])
    receipt = pack(originals, originals.floats(chosen), chosen, judge(model, labels))
    proof = prove(model, originals, labels, receipt)
    assert (proof.wrong, proof.claimed, proof.broken) == (6, 9, 60 - int(proof.verdict.sum()))
    assert proof.broken <= 9


def test_a_changed_byte_is_refused_or_proves_less(case):
    model, originals, labels, _, receipt = case
    sound = prove(model, originals, labels, receipt)
    refusals = []
    for place in range(len(receipt)):
        content = bytearray(receipt)
        content[place] ^= 1 << place % 8
        try:
            assert prove(model, originals, labels, bytes(content)).broken <= sound.broken
        except IntegrityError as error:
            refusals.append(str(error))
    assert not any("\n" in refusal for refusal in refusals)
    # What is not refused are other numbers of images, which prove nothing, and the spaces that fill up the header.
    assert len(refusals) > 0.9 * len(receipt)


def test_an_image_is_judged_by_its_own_label(conv):
    originals, labels = small_set(conv, "linf@1/20")
    clean = originals.floats(torch.tensor([10, 11]))
    assert judge(conv, labels)(clean, torch.tensor([10, 11])).tolist() == [True, False]


def test_labels_and_ranges_that_do_not_fit_are_refused(case):
    model, originals, labels, _, receipt = case
    with pytest.raises(InvalidInput, match="a label for each image"):
        prove(model, originals, labels[:-1], receipt)
    with pytest.raises(InvalidInput, match="the batch size must be at least 1"):
        prove(model, originals, labels, receipt, 0)


def test_a_range_that_the_model_does_not_have_is_refused(conv):
    pixels = torch.arange(16, dtype=torch.uint8).reshape(1, 1, 4, 4)
    originals = Originals(pixels, 255, make_ball(ThreatModel.parse("linf@1/20"), 0.0, 2.0))
    receipt = pack(originals, originals.floats(), torch.arange(1), judge(conv, torch.zeros(1, dtype=torch.int64)))
    with pytest.raises(InvalidInput, match=r"the value range of the model must be .*0\.0, 2\.0"):
        prove(conv, originals, torch.zeros(1, dtype=torch.int64), receipt)
