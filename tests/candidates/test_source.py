from rcnas_zoo.candidates.source import DataSource


def test_the_evaluation_split_is_a_fifth_of_the_training_data():
    source = DataSource("digits")
    splits = source.splits()
    assert len(splits.evaluation) == len(source.dataset().train) // 5
    assert len(splits.train) + len(splits.evaluation) == len(source.dataset().train)


def test_a_size_can_be_asked_for():
    assert len(DataSource("digits", evaluation_size=256).splits().evaluation) == 256


def test_the_splits_are_fixed():
    first = DataSource("digits", evaluation_size=100).splits()
    again = DataSource("digits", evaluation_size=100, download=True).splits()
    assert first.evaluation.digest == again.evaluation.digest
    assert first.train.digest == again.train.digest
