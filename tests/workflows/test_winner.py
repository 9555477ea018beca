from dataclasses import replace

import pytest
import torch

from rcnas_zoo.candidates.training import train_cached
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.errors import Diverged
from rcnas_zoo.workflows.rows import final_jobs
from rcnas_zoo.workflows.winner import publish_winner
from rcnas_zoo.zoo.entry import WEIGHTS
from rcnas_zoo.zoo.loading import load_model
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.registry import download, resolve


@pytest.fixture
def winner(session, undisturbed):
    """The final job of the searched network, and its row."""
    (job,), _ = final_jobs(session.prepared, undisturbed.result.search, {})
    return job, undisturbed.result.rows[0]


def test_the_registered_weights_are_those_of_the_best_epoch(session, winner, tmp_path):
    published, verified = publish_winner(session, *winner)
    assert (published.name, published.version, verified) == ("robust-500k", 1, True)
    entry = download(session.store, resolve(session.store, ZooName("robust-500k")), tmp_path / "copy")
    best = train_cached(winner[0].training).best
    assert all(torch.equal(best[name], tensor) for name, tensor in load_model(entry).state_dict().items())
    assert entry.record.lineage["run_id"] == session.run.id
    assert entry.record.recipe == winner[0].training.recipe


@pytest.mark.parametrize(("macs", "name"), [(1_500_000, "robust-1500k"), (1_234_567, "robust-1234.567k")])
def test_any_budget_gives_a_name(macs, name, session, winner):
    prepared = replace(session.prepared, task=replace(session.prepared.task, budget=Budget(macs)))
    assert publish_winner(replace(session, prepared=prepared), *winner)[0].name == name


def test_a_registry_that_damages_the_weights_is_noticed(session, winner, monkeypatch):
    def damaged(*given, **named):
        entry = download(*given, **named)
        path = entry.folder / WEIGHTS
        path.write_bytes(path.read_bytes()[:-1] + b"!")
        return entry

    monkeypatch.setattr("rcnas_zoo.workflows.winner.download", damaged)
    assert publish_winner(session, *winner)[1] is False


def test_a_network_whose_training_diverged_is_not_published(session, winner, monkeypatch):
    job, row = winner
    trained = replace(train_cached(job.training), diverged_at=7)
    monkeypatch.setattr("rcnas_zoo.workflows.winner.train_cached", lambda *_: trained)
    with pytest.raises(Diverged, match="must keep a finite loss, it diverged at update 7, after 1 whole epochs"):
        publish_winner(session, job, row)
    assert session.store.client().search_registered_models() == []
