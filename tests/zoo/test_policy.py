import json
from hashlib import sha256

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound
from rcnas_zoo.zoo.policy import PolicyConfig, is_policy_name, names_policy, read_policy
from rcnas_zoo.zoo.policy_verify import verify_policy
from rcnas_zoo.zoo.policy_writing import read_policy_tensors, write_policy
from rcnas_zoo.zoo.seal import seal_data

from .policies import CONFIG, tensors


@pytest.fixture
def folder(tmp_path):
    return write_policy(tmp_path / "policy", CONFIG, tensors()).folder


def reseal(folder, **changes):
    """Makes hashes and seal agree again, as one would who forges a policy on purpose."""
    data = json.loads((folder / "policy.json").read_bytes())
    data["files"]["policy.safetensors"] = sha256((folder / "policy.safetensors").read_bytes()).hexdigest()
    (folder / "policy.json").write_text(canonical_json(seal_data({**data, **changes}, "policy.json")))


def test_what_is_written_is_read_back_bit_by_bit_whatever_its_tensors_are_called(folder):
    entry = read_policy(folder)
    found, given_ = read_policy_tensors(entry), tensors()
    assert found.keys() == given_.keys()
    for name, tensor in given_.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)
    assert (entry.config.tasks, entry.config.stages, entry.config.agent) == (CONFIG.tasks, 3, CONFIG.agent)
    assert entry.config.files["policy.safetensors"] == sha256((folder / "policy.safetensors").read_bytes()).hexdigest()
    assert {path.name for path in folder.iterdir()} == {"policy.json", "policy.safetensors"}


def test_the_same_policy_is_the_same_files(folder, tmp_path):
    again = write_policy(tmp_path / "again", CONFIG, dict(reversed(tensors().items()))).folder
    for name in ("policy.json", "policy.safetensors"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_its_file_says_what_it_is(folder):
    data = json.loads((folder / "policy.json").read_bytes())
    assert set(data) == {"format", "kind", "agent", "stages", "tasks", "lineage", "files"}
    assert (data["format"], data["kind"]) == (1, "policy")


def test_every_single_changed_byte_is_noticed(folder):
    for name in ("policy.json", "policy.safetensors"):
        content = (folder / name).read_bytes()
        for position in range(0, len(content), 7):
            (folder / name).write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
            with pytest.raises(IntegrityError):
                read_policy(folder)
        (folder / name).write_bytes(content)
    read_policy(folder)


@pytest.mark.parametrize("name", ["policy.json", "policy.safetensors"])
def test_a_file_that_is_cut_is_damaged_and_one_that_is_gone_is_not_found(name, folder):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-9])
    with pytest.raises(IntegrityError, match=name):
        read_policy(folder)
    (folder / name).unlink()
    with pytest.raises(NotFound, match=name):
        read_policy(folder)


def test_a_folder_that_is_not_there_or_of_something_else_is_not_found(tmp_path):
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(
            NotFound, match=r"a policy must be a folder with a policy.json, got .* rcnas-zoo meta-train"
        ):
            read_policy(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "the format of policy.json must be at least 1 and at most 1, got 2"),
        ({"kind": "network"}, "the kind of policy.json must be 'policy', got 'network'"),
        ({"stages": "3"}, "the stages of a policy must be a whole number"),
        ({"stages": 0}, "the stages of a policy must be at least 1"),
        ({"tasks": ["digits"]}, "a task must be dataset/attack/teacher/budget"),
        ({"tasks": 3}, "the tasks of a policy must be a list"),
        ({"agent": []}, "the agent of a policy must be a JSON object"),
        ({"colour": "red"}, "policy.json has no field 'colour'"),
    ],
)
def test_a_sealed_file_of_another_schema_is_invalid_not_damaged(changes, message, folder):
    reseal(folder, **changes)
    with pytest.raises(InvalidInput, match=message) as caught:
        read_policy(folder)
    assert not isinstance(caught.value, IntegrityError)


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path):
    (folder / "policy.safetensors").rename(tmp_path / "elsewhere")
    (folder / "policy.safetensors").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IntegrityError, match="a plain file"):
        read_policy(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"policy.bias": torch.tensor([torch.nan])}, "NaN in tensor 'policy.bias'"),
        ({"encoder.scale": torch.tensor([torch.inf])}, "infinity in tensor 'encoder.scale'"),
    ],
)
def test_tensors_that_are_not_finite_are_refused_when_written(change, message, tmp_path):
    with pytest.raises(IntegrityError, match=message):
        write_policy(tmp_path / "policy", CONFIG, {**tensors(), **change})
    assert list(tmp_path.iterdir()) == []


def test_a_policy_without_a_part_is_refused(tmp_path):
    with pytest.raises(IntegrityError, match=r"must hold tensors named encoder\.\*, got policy"):
        write_policy(tmp_path / "policy", CONFIG, {"policy.bias": torch.zeros(1)})


def test_another_policy_is_replaced_on_request_and_other_folders_never(folder, tmp_path):
    with pytest.raises(InvalidInput, match="which is an entry already"):
        write_policy(folder, CONFIG, tensors())
    write_policy(folder, CONFIG, tensors(), replace=True)
    (folder / "notes.txt").touch()
    with pytest.raises(InvalidInput, match=r"'notes.txt' and is left alone"):
        write_policy(folder, CONFIG, tensors(), replace=True)


def test_names_of_policies(folder, monkeypatch):
    for text in ("rcnas-policy", "rcnas-policy@champion", "rcnas-policy:3", "rcnas-policy-cifar", str(folder)):
        assert names_policy(text)
    for text in ("robust-2m", "rcnas-policies", "./rcnas-policy", str(folder.parent), ""):
        assert not names_policy(text)
    assert not is_policy_name("rcnas-policy@champion")


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.booleans())), st.integers(1, 9))
def test_a_config_comes_back_from_its_json(data, stages):
    config = PolicyConfig(data, stages, CONFIG.tasks, data)
    assert PolicyConfig.from_dict(json.loads(canonical_json(config.to_dict()))) == config


# Verification.


def passed(folder, load=lambda config, tensors: None):
    return {check.name: check.passed for check in verify_policy(folder, load).checks}


def test_a_whole_policy_passes_every_check(folder):
    seen = []
    assert passed(folder, lambda *given: seen.append(given)) == dict.fromkeys(
        ("config", "hashes", "tensors file", "finite tensors", "agent"), True
    )
    ((config, found),) = seen
    assert (config.stages, found.keys()) == (3, tensors().keys())


def test_what_is_wrong_is_told_by_name(folder):
    content = (folder / "policy.safetensors").read_bytes()
    (folder / "policy.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert [name for name, holds in passed(folder).items() if not holds] == ["hashes"]
    broken = {**tensors(), "policy.bias": torch.tensor([torch.nan])}
    save_file({name: tensor.contiguous() for name, tensor in broken.items()}, folder / "policy.safetensors")
    reseal(folder)
    assert [name for name, holds in passed(folder).items() if not holds] == ["finite tensors"]
    (folder / "policy.json").write_text("{}")
    assert [name for name, holds in passed(folder).items() if holds] == ["tensors file"]
