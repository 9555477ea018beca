from ..answers import document


def test_the_document_tells_every_workflow_the_newest_first(chain):
    rows = chain["runs"]
    assert [row["workflow"] for row in rows] == ["finetune", "publish", "evaluate", "train"]
    assert all(set(row) == {"id", "workflow", "name", "status", "started", "progress", "command"} for row in rows)
    assert {row["status"] for row in rows} == {"FINISHED"}
    assert rows[0]["progress"] == "done: robust-500k version 1"


def test_a_search_tells_the_command_that_resumes_it(chain):
    command = chain["runs"][0]["command"]
    assert command.startswith("rcnas-zoo finetune digits/fgsm/wrn-10-1/500k --iterations 1 --search-epochs 1 ")


def test_people_get_a_table_of_as_many_as_they_ask_for(run, there):
    header, _, *rows = run("runs", "--limit", "2").stdout.splitlines()
    assert header.split() == ["run", "workflow", "name", "status", "started", "progress", "resume", "with"]
    assert len(rows) == 2
    assert len(document(run("runs", "--limit", "1", "--json"))) == 1


def test_a_run_that_has_finished_is_not_resumed(run, there):
    assert "rcnas-zoo finetune" not in run("runs").stdout


def test_without_a_store_there_are_no_runs_and_none_is_made(run, here):
    assert run("runs").stdout == "no runs in this store yet\n"
    assert document(run("runs", "--json")) == []
    assert list(here.iterdir()) == []
