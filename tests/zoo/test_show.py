import json

from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.show import describe


def test_an_entry_is_described_with_the_fields_of_show_json_in_their_order(entry_folder, tiny_spec):
    found = json.loads(json.dumps(describe(read_entry(entry_folder), version=3)))
    fields = "name version spec digest parameters macs input_shape threat claimed measured weights"
    fields += " nominal_parameters nominal_macs"
    assert list(found) == fields.split()
    assert (found["name"], found["version"], found["weights"]) == ("tiny", 3, True)
    assert found["spec"] == tiny_spec.to_dict()
    assert found["digest"] == tiny_spec.digest
    assert found["input_shape"] == [1, 8, 8]
    assert found["threat"] == "linf@1/5"
    assert found["claimed"][0]["accuracies"] == {"clean": 0.9, "pgd-20": 0.5}
    assert found["measured"][0]["interval"] == [0.4486, 0.5514]


def test_an_architecture_alone_says_so(architecture_folder):
    found = describe(read_entry(architecture_folder))
    assert (found["version"], found["weights"], found["measured"], found["threat"]) == (None, False, [], "")
