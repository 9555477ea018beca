"""The regression against the same thing written as one big Gaussian process."""

import torch

from rcnas_zoo.search.surrogate import model


def problem(tasks: int = 6, size: int = 15, p: int = 4, deviation: float = 0.05, noise: float = 0.03, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    shared = torch.randn(p, generator=generator, dtype=torch.float64)
    rows = torch.randn(tasks * size, p, generator=generator, dtype=torch.float64)
    rows[:, 0] = 1
    task = torch.arange(tasks).repeat_interleave(size)
    own = deviation * torch.randn(tasks, p, generator=generator, dtype=torch.float64)
    values = (rows * (shared + own[task])).sum(1)
    values += noise * torch.randn(tasks * size, generator=generator, dtype=torch.float64)
    return rows, values, task, shared


def joint(rows, values, task, deviation, noise):
    """Evidence and posterior of a new task's weights from the covariance of all values and those weights."""
    p = rows.shape[1]
    private = torch.full((p,), deviation**2, dtype=torch.float64)
    private[0] = 0.25**2
    covariance = rows @ rows.T + (rows * private) @ rows.T * (task[:, None] == task[None])
    covariance += noise**2 * torch.eye(len(rows), dtype=torch.float64)
    evidence = torch.distributions.MultivariateNormal(torch.zeros(len(rows), dtype=torch.float64), covariance).log_prob(
        values
    )
    gain = torch.linalg.solve(covariance, rows).T
    mean = gain @ values
    left = torch.eye(p, dtype=torch.float64) + private.diag() - gain @ rows
    return float(evidence), mean, left


def test_the_posterior_and_the_evidence_are_those_of_the_joint_gaussian():
    rows, values, task, _ = problem()
    for deviation, noise in ((0.04, 0.02), (0.16, 0.08)):
        groups = [(rows[task == number], values[task == number]) for number in range(6)]
        evidence, belief = model._posterior(groups, deviation, noise)
        expected, mean, covariance = joint(rows, values, task, deviation, noise)
        assert abs(evidence - expected) < 1e-6 * abs(expected)
        assert torch.allclose(belief.mean, mean, atol=1e-8)
        assert torch.allclose(belief.covariance, covariance, atol=1e-8)


def test_the_likeliest_spread_and_noise_are_taken():
    rows, values, task, _ = problem(tasks=20, size=30, deviation=0.04, noise=0.08)
    found = model.fit(rows, values, task)
    evidence = {
        (deviation, noise): joint(rows, values, task, deviation, noise)[0]
        for deviation in model._DEVIATIONS
        for noise in model._NOISES
    }
    best = max(evidence, key=lambda pair: evidence[pair])
    assert found.noise == best[1] == 0.08


def test_updates_one_by_one_are_the_regression_on_all_at_once():
    rows, values, task, _ = problem()
    prior = model.fit(rows, values, task)
    new, heard, _, _ = problem(tasks=1, seed=5)
    belief = prior
    for row, value in zip(new, heard.tolist(), strict=True):
        belief = belief.update(row, value)
    precision = torch.linalg.inv(prior.covariance)
    together = torch.linalg.inv(precision + new.T @ new / prior.noise**2)
    mean = together @ (precision @ prior.mean + new.T @ heard / prior.noise**2)
    assert torch.allclose(belief.covariance, together, atol=1e-9)
    assert torch.allclose(belief.mean, mean, atol=1e-7)


def test_predictions_have_the_spread_of_the_weights():
    belief = model.Belief(torch.tensor([1.0, 2.0]).double(), torch.tensor([[4.0, 1.0], [1.0, 9.0]]).double(), 0.1)
    mean, spread = belief.predict(torch.tensor([[1.0, 0.0], [1.0, -1.0]]).double())
    assert mean.tolist() == [1.0, -1.0]
    assert spread.square().tolist() == [4.0, 11.0]
