from rcnas_zoo.execution.caches import default_cache_root


def test_the_root_is_taken_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("RCNAS_CACHE", str(tmp_path))
    assert default_cache_root() == tmp_path
