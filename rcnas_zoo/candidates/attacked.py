"""Images attacked on one network, kept so that others can be measured on them (a transfer test)."""

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.candidates.training import threads_for
from rcnas_zoo.candidates.verdicts import ENGINE_VERSION, AttackJob, computed_by, weights_digest
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.execution.threads import torch_threads
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import digest
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.spec.network import NetworkSpec

BATCH_SIZE = 250


def attack_cached(model: nn.Module, spec: NetworkSpec, images: Images, job: AttackJob) -> str:
    """Attack images on a network, each to the last step of the job's first attack; the key that they are kept under."""
    bounds = (spec.classes, spec.input.low, spec.input.high)
    attack = make_attack(AttackName.parse(job.attacks[0]), job.threat, *bounds).to_the_end()
    parts = {
        "engine": ENGINE_VERSION,
        "spec": spec.digest,
        "weights": weights_digest(model.state_dict()),
        "data": images.digest,
        "attack": attack.settings,
        "threat": str(job.threat),
        "seed": job.seed,
        **computed_by(model, threads_for(spec, job.threads)),
    }
    cache, key = ContentCache(job.cache), digest(parts)
    if cache.get("attacked", key) is None:
        device = next(model.parameters()).device
        clean, labels = images.floats().to(device), images.labels.to(device)
        with torch_threads(threads_for(spec, job.threads)), untouched(model):
            generator = torch.Generator().manual_seed(job.seed)
            batches = zip(torch.split(clean, BATCH_SIZE), torch.split(labels, BATCH_SIZE), strict=True)
            attacked = torch.cat([attack.perturb(model, *batch, generator) for batch in batches])
        cache.put("attacked", key, {"images.safetensors": save({"images": attacked.cpu().contiguous()})})
    return key


def attacked_images(job: AttackJob, key: str) -> Tensor:
    """The attacked images of a key, float (N, C, H, W), in the order of the images that were attacked.

    Raises:
        Unavailable: they are no longer in the cache.
    """
    kept = ContentCache(job.cache).get("attacked", key)
    if kept is None:
        raise Unavailable(
            f"the attacked images {key[:12]} must be in the cache {job.cache}; give the same command again"
        )
    return load(kept["images.safetensors"])["images"]


@torch.no_grad()
def transfer_accuracy(model: nn.Module, attacked: Tensor, labels: Tensor) -> float:
    """Share of images, attacked on another network, that this one still classifies rightly; in [0, 1]."""
    device = next(model.parameters()).device
    right = [
        model(batch.to(device)).argmax(1).cpu() == wanted
        for batch, wanted in zip(torch.split(attacked, BATCH_SIZE), torch.split(labels, BATCH_SIZE), strict=True)
    ]
    return int(torch.cat(right).sum()) / len(labels)
