import json
from dataclasses import replace

import pytest

from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.workflows.summary import comparison_table, result_to_dict, rival_verdict, summary_text


@pytest.fixture
def result(compared):
    return compared.result


def random_verdict(result):
    return rival_verdict(result, "random", "random")


def exchanged(result):
    """The run as if chance had found what the agent found, and the other way round."""
    by_method = {row.method: row for row in result.rows}
    rows = (
        replace(by_method["random"], method="searched"),
        *result.rows[1:3],
        replace(by_method["searched"], method="random"),
    )
    return replace(result, search=result.random, rivals={"random": result.search}, rows=rows)


def test_the_json_holds_what_the_result_holds(result):
    data = result_to_dict(result)
    assert json.loads(json.dumps(data, allow_nan=False))["rows"][0]["method"] == "searched"
    assert (data["task"], data["seed"], data["threat"]) == ("digits/pgd-20/wrn-10-2/2m", 0, "linf@1/5")
    assert (data["run_id"], data["tracking_uri"]) == (result.run_id, result.store_uri)
    assert (data["spec"], data["digest"]) == (result.spec.to_dict(), result.spec.digest)
    assert (data["rewards"], data["visited"], data["distinct"]) == (result.search.rewards, 4, 4)
    assert data["teacher_accuracy"] == result.problem.teacher.accuracy
    assert data["registered"] == {"name": "robust-2m", "version": 1, "aliases": ["champion", "digits"]}
    assert (data["verified"], data["notes"], data["infeasible"], data["seconds"]) == (True, [], {}, result.seconds)


def test_a_row_of_the_json_holds_cost_and_measurements(result):
    for row, kept in zip(result_to_dict(result)["rows"], result.rows, strict=True):
        assert (row["method"], row["digest"], row["diverged"]) == (kept.method, kept.spec.digest, False)
        assert (row["parameters"], row["macs"]) == (cost(kept.spec).parameters, cost(kept.spec).macs)
        assert [m["attacks"] for m in row["measured"]] == [m.attacks for m in kept.measured]


def test_the_table_has_a_line_a_network_with_accuracy_count_and_interval(result):
    header, _, *lines = comparison_table(result.rows).splitlines()
    assert header.split() == ["network", "parameters", "MACs", "clean", "pgd-20", "autoattack"]
    titles = ["searched network", "teacher", "RobustResNet rule", "best of random specs"]
    for line, title, row in zip(lines, titles, result.rows, strict=True):
        accuracy = row.measured[0].attacks["pgd-20"]
        right = round(360 * accuracy)
        low, high = wilson(right, 360)
        assert line.startswith(title)
        assert f"{100 * accuracy:.1f} % ({right}/360, {100 * low:.0f}-{100 * high:.0f})" in line
        assert f"{cost(row.spec).parameters:,}" in line


def test_the_text_tells_the_same_as_the_json(result):
    text, data = summary_text(result), result_to_dict(result)
    assert text.startswith("task digits/pgd-20/wrn-10-2/2m, threat linf@1/5, seed 0, a fresh agent\n\n")
    assert comparison_table(result.rows) in text
    assert f"visited 4 networks, 4 of them distinct; best reward {max(data['rewards']):.3f}" in text
    assert "registered robust-2m version 1 with the aliases champion, digits" in text
    assert "verify: passed" in text
    assert f"run {result.run_id} took" in text


def test_the_verdict_on_chance_goes_both_ways(result):
    ours, theirs = random_verdict(result), random_verdict(exchanged(result))
    assert ours["search_beat_random"] != theirs["search_beat_random"]
    assert ours["search_beat_random"] == (ours["searched_reward"] > ours["random_reward"])
    assert (ours["searched_reward"], ours["random_reward"]) == (theirs["random_reward"], theirs["searched_reward"])
    assert ours["searched_test_accuracy"] == theirs["random_test_accuracy"]
    for some in (result, exchanged(result)):
        beat = random_verdict(some)["search_beat_random"]
        assert (
            f"the search {'beat' if beat else 'did not beat'} random on the evaluation split: best reward"
            in summary_text(some)
        )


def test_a_tie_with_chance_is_no_victory(result):
    tie = replace(result, rivals={"random": result.search})
    assert random_verdict(tie)["search_beat_random"] is False
    assert "the search did not beat random" in summary_text(tie)


def test_without_a_comparison_nothing_is_said_of_chance(result):
    alone = replace(result, rivals={}, rows=result.rows[:1])
    assert result_to_dict(alone)["random"] is None
    assert "random" not in summary_text(alone)


def test_a_cold_search_is_a_rival_with_a_row_and_a_line_of_its_own(result):
    rows = (*result.rows, replace(result.rows[-1], method="r-nas"))
    warm = replace(result, rivals={"r-nas": result.random, **result.rivals}, rows=rows)
    data, chance = result_to_dict(warm), random_verdict(result)
    assert data["random"] == chance == result_to_dict(result)["random"]
    assert data["cold"] == {name.replace("random", "cold"): value for name, value in chance.items()}
    assert result_to_dict(result)["cold"] is None
    text = summary_text(warm)
    assert "best of the cold search" in text
    assert "of 4 networks of an agent without a policy (4 distinct)" in text


def test_every_rival_has_a_row_and_a_line_in_the_text_and_a_verdict_in_the_json(result):
    names = ("tpe", "nsga2")
    rows = (*result.rows, *(replace(result.rows[-1], method=name) for name in names))
    many = replace(result, rivals={**result.rivals, **dict.fromkeys(names, result.random)}, rows=rows)
    text, data, chance = summary_text(many), result_to_dict(many), rival_verdict(result, "random", "rival")
    for name in names:
        assert text.count(f"best of {name}") == 1
        assert text.count(f" {name} on the evaluation split: best reward ") == 1
    assert text.count("of 4 networks (4 distinct)") == 2
    assert data["rivals"] == dict.fromkeys(("random", *names), chance)


def test_what_went_wrong_is_said(result):
    rows = (replace(result.rows[0], diverged=True), *result.rows[1:])
    published = replace(result.published, aliases=())
    poor = replace(
        result,
        rows=rows,
        published=published,
        verified=False,
        infeasible={"robustresnet": "too small"},
        notes=("the budget does not bind",),
    )
    text = summary_text(poor)
    assert "searched network (diverged)" in text
    assert "RobustResNet rule: infeasible: too small" in text
    assert "registered robust-2m version 1 with the aliases (none moved)" in text
    assert "verify: FAILED" in text
    assert "note: the budget does not bind" in text
    assert result_to_dict(poor)["rows"][0]["diverged"] is True
