"""Adversarial training as the scripts of its authors write it: one loss after the other, no parts, no processes.

Written for the tests, from the papers; it takes images in [0, 1] and nn.BatchNorm2d in its usual modes.
"""

from fractions import Fraction

import torch
from torch import nn

from rcnas_zoo.attacks.apgd import apgd
from rcnas_zoo.attacks.region import Box


def radius_of(recipe):
    return float(Fraction(recipe.threat.removeprefix("linf@")))


def method_of(recipe):
    return recipe.inner_attack or ("pgd-kl" if recipe.objective == "trades" else "pgd-ce")


def cross_entropy(logits, labels, smoothing=0.0):
    """Mean over the rows of -sum(target log p), where the target is (1 - s) onehot + s / classes."""
    targets = torch.full_like(logits, smoothing / logits.shape[1])
    targets[torch.arange(len(labels)), labels] += 1 - smoothing
    return -(targets * (logits - logits.logsumexp(1, keepdim=True))).sum(1).mean()


def divergences(logits, others):
    p, q = logits.softmax(1), others.softmax(1)
    return (p * (p / q).log()).sum(1)


def adversary(recipe, model, images, labels, noise):
    """What the objective of a recipe attacks with; leaves the model in the mode of the attack."""
    if recipe.objective == "clean":
        return images
    radius = radius_of(recipe)
    reach = 1.0 if recipe.attack_start == "noise" else radius
    lower, upper = (images - reach).clamp(min=0), (images + reach).clamp(max=1)
    size = {"gaussian": 0.001, "uniform": radius, "noise": 2 * radius}[recipe.attack_start]
    start = torch.maximum(torch.minimum(images + size * noise, upper), lower)
    model.train(recipe.attack_mode == "train")
    losses = attacked_losses(recipe, model, images, labels)

    def ask(point):
        point = point.detach().requires_grad_()
        found = losses(point)
        return found.detach(), torch.autograd.grad(found.sum(), point)[0]

    if recipe.inner_attack == "apgd-ce":
        return apgd(lambda point: (*ask(point), None), start, Box(lower, upper), recipe.attack_steps, 2 * radius)
    for _ in range(recipe.attack_steps):
        moved = start + recipe.attack_step_size * radius * ask(start)[1].sign()
        start = torch.maximum(torch.minimum(moved, upper), lower)
    return start


def attacked_losses(recipe, model, images, labels):
    """The loss of each image that the attack ascends."""
    if method_of(recipe) == "pgd-kl":
        clean = model(images).detach()
        return lambda point: divergences(clean, model(point))
    return lambda point: -model(point).log_softmax(1)[torch.arange(len(labels)), labels]


def loss(recipe, model, images, labels, adversarial):
    """The mean loss of a recipe's objective, in train mode."""
    model.train()
    smoothing = recipe.label_smoothing
    if recipe.objective not in ("trades", "mart"):
        return cross_entropy(model(adversarial), labels, smoothing)
    before = running_statistics(model)
    natural = model(images)
    if recipe.bn_statistics == "adversarial":
        for norm, (mean, variance) in before.items():
            norm.running_mean, norm.running_var = mean, variance
    attacked = model(adversarial)
    if recipe.bn_statistics == "twice":
        # The TRADES script asks for the natural images' target once more, after the adversarial ones.
        model(images)
    if recipe.objective == "trades":
        apart = divergences(natural, attacked).sum() / len(labels)
        return cross_entropy(natural, labels, smoothing) + recipe.beta * apart
    return mart(recipe.beta, natural, attacked, labels, smoothing)


def mart(beta, natural, attacked, labels, smoothing=0.0):
    """Eq. 10 of Wang et al. (2020) with the small numbers of their code."""
    rows = torch.arange(len(labels))
    first, second = attacked.argsort(1, descending=True)[:, :2].T
    wrong = torch.where(first == labels, second, first)
    margin = -(1.0001 - attacked.softmax(1)[rows, wrong] + 1e-12).log().mean()
    weights = 1.0000001 - natural.softmax(1)[rows, labels]
    apart = (divergences(natural, attacked) * weights).sum() / len(labels)
    return cross_entropy(attacked, labels, smoothing) + margin + beta * apart


def running_statistics(model):
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    return {norm: (norm.running_mean.clone(), norm.running_var.clone()) for norm in norms}


def perturbed_weights(model, gradients, gamma):
    """Wu et al. (2020), as their code: a proxy that took a step of SGD up the loss shows the way, layer by layer."""
    moved = []
    for weight, gradient in zip(model.parameters(), gradients, strict=True):
        proxy = weight.detach() + 0.01 * gradient
        way = proxy - weight.detach()
        far = weight.detach().norm() / (way.norm() + 1e-20) * way
        moved.append(weight.detach() + gamma * far if weight.dim() > 1 else weight.detach().clone())
    return moved
