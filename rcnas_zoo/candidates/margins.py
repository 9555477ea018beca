"""How far a network is from being wrong: what tells networks of equal robust accuracy apart."""

import json

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.candidates.training import threads_for
from rcnas_zoo.candidates.verdicts import AttackJob, Ledgers
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.execution.threads import torch_threads
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.network import NetworkSpec

ENGINE_VERSION = 1
BATCH_SIZE = 250


def margin_cached(model: nn.Module, spec: NetworkSpec, images: Images, ledgers: Ledgers) -> float:
    """The mean margin of the network of a spec, in [-1, 1]; one that is in the cache is not measured again.

    Every image is attacked by one FGSM step at the radius of the threat, also one that is misclassified already, so
    that all networks face the same attack and it costs next to nothing. A job whose attack is ``clean`` takes the
    images as they are.

    Args:
        model: the network.
        spec: its spec.
        images: the evaluation images.
        ledgers: where the verdicts on these images are kept; they tell network, data, threat and seed.
    """
    attack = _attack(spec, ledgers.job)
    parts = {**ledgers.identity, "engine": ENGINE_VERSION, "data": ledgers.data, "attack": attack.settings}
    cache, key = ContentCache(ledgers.job.cache), digest(parts)
    kept = cache.get("margins", key)
    if kept is not None:
        return float(json.loads(kept["margin.json"])["margin"])
    with torch_threads(threads_for(spec, ledgers.job.threads)):
        margin = _mean_margin(model, images, attack)
    cache.put("margins", key, {"margin.json": canonical_json({"margin": margin}).encode()})
    return margin


def margins(logits: Tensor, labels: Tensor) -> Tensor:
    """Softmax probability of the right class less that of the likeliest wrong one: float64 (N,) in [-1, 1].

    Logits that are not finite count as surely wrong: -1.
    """
    chances = logits.double().softmax(1)
    right = chances.gather(1, labels[:, None])[:, 0]
    wrong = chances.scatter(1, labels[:, None], -1.0).amax(1)
    return (right - wrong).nan_to_num(-1.0)


def _attack(spec: NetworkSpec, job: AttackJob) -> Attack:
    name = "clean" if job.attacks == ("clean",) else "fgsm"
    bounds = (spec.input.low, spec.input.high)
    return make_attack(AttackName.parse(name), job.threat, spec.classes, *bounds).to_the_end()


def _mean_margin(model: nn.Module, images: Images, attack: Attack) -> float:
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(0)  # neither attack makes a random choice
    pairs = (torch.split(tensor.to(device), BATCH_SIZE) for tensor in (images.floats(), images.labels))
    found = []
    for clean, labels in zip(*pairs, strict=True):
        attacked = attack.perturb(model, clean, labels, generator)
        with untouched(model), torch.no_grad():
            found.append(margins(model(attacked), labels))
    return torch.cat(found).mean().item()
