"""Fields that are right one by one but impossible together are refused in one sentence with the remedy."""

import pytest

from configs.load import load_experiment


def test_width_that_heads_do_not_divide_is_refused(refusal):
    sentence = refusal("model.width=66", "model.num_heads=4")

    assert sentence == "model: width=66 is not divisible by num_heads=4; choose a multiple"


def test_odd_head_width_is_refused(refusal):
    sentence = refusal("model.width=12", "model.num_heads=4")

    assert sentence == (
        "model: width=12 over num_heads=4 gives heads of 3 dimensions, and rotary positions need an even number; "
        "change width or num_heads"
    )


def test_budget_smaller_than_an_interval_is_refused(refusal):
    sentence = refusal("schedule.budget_tokens=4096", "schedule.every_tokens=8192")

    assert sentence == (
        "schedule: budget_tokens=4096 is smaller than one interval of every_tokens=8192; "
        "raise budget_tokens or lower every_tokens"
    )


def test_budget_that_is_no_multiple_of_the_interval_is_answered_with_both_neighbours(refusal):
    sentence = refusal("schedule.budget_tokens=100000", "schedule.every_tokens=30000")

    # 3 x 30,000 and 4 x 30,000
    assert sentence == (
        "schedule: budget_tokens=100000 is not a whole number of intervals of every_tokens=30000; "
        "choose 90000 or 120000"
    )


def test_interval_shorter_than_a_step_is_refused(refusal):
    sentence = refusal("schedule.every_tokens=1000", "schedule.budget_tokens=4000", "schedule.tokens_per_step=1024")

    assert sentence == (
        "schedule: every_tokens=1000 is less than one step of tokens_per_step=1024, "
        "so two intervals would end at the same step; raise every_tokens"
    )


def test_interval_of_exactly_one_step_is_accepted():
    config = load_experiment("quickstart", overrides=["schedule.every_tokens=1024", "schedule.budget_tokens=4096"])

    assert [config.schedule.end_step(interval) for interval in range(config.schedule.num_intervals)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("seeds", "twice"), [("[7, 7]", 7), ("[1, 2, 3, 2]", 2)])
def test_duplicate_seeds_are_refused(refusal, seeds, twice):
    assert refusal(f"seeds={seeds}") == f"seeds holds {twice} twice; name each once"


def test_duplicate_seed_controls_are_refused(refusal):
    sentence = refusal("seed_controls=[data_order, data_order]")

    assert sentence == "seed_controls holds data_order twice; name each once"


@pytest.mark.parametrize("field", ["schedule.tokens_per_step", "evaluation.tokens"])
def test_tokens_that_are_no_whole_windows_are_refused(refusal, field):
    sentence = refusal(f"{field}=1000")

    assert sentence == (
        f"{field}=1000 is not a whole number of windows of model.context_length=64; choose a multiple of 64"
    )


def test_seeds_cannot_control_a_sequential_order(refusal):
    sentence = refusal("corpus.order=sequential", "seed_controls=[initialization, data_order]")

    assert sentence == (
        "seed_controls names data_order, but corpus.order=sequential is the same for every seed; "
        "set corpus.order=shuffled or seed_controls=[initialization]"
    )


def test_files_without_their_source_are_refused(refusal):
    sentence = refusal("corpus.train=[stories.txt]")

    assert sentence == "corpus: train and validation name files, but source is 'stories'; set corpus.source=files"


def test_one_file_need_not_be_a_list():
    config = load_experiment(
        "quickstart", overrides=["corpus.source=files", "corpus.train=a.txt", "corpus.validation=b.txt"]
    )

    assert (config.corpus.train, config.corpus.validation) == (("a.txt",), ("b.txt",))


def test_final_rate_above_the_peak_is_refused(refusal):
    sentence = refusal("optimization.learning_rate=0.001", "optimization.final_learning_rate=0.002")

    assert sentence == "optimization: final_learning_rate=0.002 is above learning_rate=0.001; lower it"


@pytest.mark.parametrize("warmup_tokens", [5000, 6000])
def test_warm_up_that_leaves_no_decay_is_refused(refusal, warmup_tokens):
    sentence = refusal(f"optimization.warmup_tokens={warmup_tokens}", "optimization.decay_tokens=5000")

    assert sentence == (
        f"optimization: warmup_tokens={warmup_tokens} leaves nothing of decay_tokens=5000; "
        "shorten the warm-up or lengthen the decay"
    )


def test_nothing_is_created_by_a_refusal(refusal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    refusal("model.width=66")

    assert list(tmp_path.iterdir()) == []
