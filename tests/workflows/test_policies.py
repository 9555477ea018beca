import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.spec.errors import IntegrityError, NotFound
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.workflows.policies import load_policy, log_policy


def test_a_policy_that_a_run_logged_is_read_back_from_its_folder(store, tmp_path):
    state = {"policy.a": torch.arange(6.0).reshape(2, 3).T, "actor.iteration": torch.tensor(3)}
    settings = RcnasSettings(steps=2)
    with open_run(store, "finetune", "x", {}) as run:
        log_policy(run, state, settings)
    folder = Path(store.client().download_artifacts(run.id, "policy", str(tmp_path)))
    found = load_policy(str(folder))
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in state.items())
    assert json.loads((folder / "settings.json").read_text()) == asdict(settings)


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_a_folder_without_a_policy_is_refused(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFound, match=rf"must be 'none' or a folder with policy.safetensors, got '{folder}'"):
        load_policy(folder)


@pytest.mark.parametrize("content", [b"", b"not tensors", bytes(range(200))])
def test_a_damaged_policy_is_refused_in_one_line(content, tmp_path):
    (tmp_path / "policy.safetensors").write_bytes(content)
    with pytest.raises(IntegrityError, match="must be a safetensors file, it is damaged") as error:
        load_policy(str(tmp_path))
    assert "\n" not in str(error.value)
