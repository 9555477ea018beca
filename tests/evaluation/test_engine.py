import pytest
import torch
from torch import nn

from rcnas_zoo.evaluation import engine
from rcnas_zoo.evaluation.engine import has_bfloat16, quick_copy
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec

CPU = torch.device("cpu")
LARGE, SMALL = InputSpec((3, 32, 32)), InputSpec((1, 8, 8))


@pytest.fixture
def network():
    return build(named_spec("wrn-10-1", SMALL)).eval()


@pytest.fixture
def all_pay(monkeypatch):
    monkeypatch.setattr(engine, "QUICKER_FROM_MACS", 0)


def test_only_networks_of_known_and_sufficient_cost_get_a_copy(network):
    assert quick_copy(network, CPU) is None
    assert quick_copy(nn.Flatten(), CPU) is None
    assert quick_copy(build(named_spec("wrn-16-1", LARGE)), CPU) is not None


@pytest.mark.usefixtures("all_pay")
def test_a_copy_computes_the_same_and_shares_nothing(network):
    images = torch.rand((5, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    twin = quick_copy(network, CPU)
    assert (twin(images) - network(images)).abs().max() < 0.1
    assert twin.precision == ("bfloat16" if has_bfloat16(CPU) else "float32")
    assert not twin.training
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.is_contiguous() for parameter in network.parameters())


def test_a_processor_that_torch_knows_nothing_of_stays_in_single_precision(network, monkeypatch):
    monkeypatch.setattr(engine, "QUICKER_FROM_MACS", 0)
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert not has_bfloat16(CPU)
    assert quick_copy(network, CPU).precision == "float32"


@pytest.mark.usefixtures("all_pay")
def test_an_evaluation_through_a_copy_breaks_what_the_model_itself_misclassifies(network, monkeypatch):
    images = torch.rand((40, 1, 8, 8), generator=torch.Generator().manual_seed(1))
    labels = network(images).argmax(1)
    quick = evaluate(network, images, labels, attacks=["pgd-5", "apgd-ce"], threat="linf@1/50")
    monkeypatch.setattr(engine, "QUICKER_FROM_MACS", 10**12)
    plain = evaluate(network, images, labels, attacks=["pgd-5", "apgd-ce"], threat="linf@1/50")
    assert quick.settings["pgd-5"]["gradients"] == ("bfloat16" if has_bfloat16(CPU) else "float32")
    assert plain.settings["pgd-5"]["gradients"] == "float32"
    for name in ("pgd-5", "apgd-ce"):
        assert 0 < plain.attacks[name] < 1
        assert (quick.verdicts[name] == plain.verdicts[name]).double().mean() > 0.9
