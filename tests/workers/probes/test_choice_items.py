"""Multiple-choice items: the built-in ones, those of BIG-bench files, and their tokens."""

import json
from collections import Counter

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from configs.errors import ConfigurationError
from workers.probes.bigbench_items import read_bigbench_items
from workers.probes.choice_items import ChoiceItem, encode_options
from workers.probes.story_choices import story_choices


@pytest.fixture(scope="module")
def items():
    return story_choices()


def test_built_in_items_are_the_same_every_time_and_balanced(items):
    assert story_choices() == items
    tasks = ("pronoun", "kind", "food", "place", "toy", "name")
    assert Counter(item.task for item in items) == dict.fromkeys(tasks, 48)
    for task in ("pronoun", "kind", "food", "place", "toy"):
        answers = Counter(item.options[item.correct] for item in items if item.task == task)
        assert len(set(answers.values())) == 1, answers


def test_a_model_that_does_not_read_the_question_gets_exactly_the_chance_level(items):
    rng = np.random.default_rng(1)
    words = sorted({option for item in items for option in item.options})
    for _ in range(20):
        taste = dict(zip(words, rng.random(len(words)), strict=True))
        for task in dict.fromkeys(item.task for item in items):
            chosen = [item for item in items if item.task == task]
            right = [max(item.options, key=taste.__getitem__) == item.options[item.correct] for item in chosen]
            assert np.mean(right) == pytest.approx(np.mean([1 / len(item.options) for item in chosen]))


def test_options_of_one_set_stand_after_the_same_two_examples(items):
    toys = [item for item in items if item.task == "toy"]

    for start in range(0, len(toys), 4):
        quartet = toys[start : start + 4]
        assert len({item.prompt.rpartition("\n\n")[0] for item in quartet}) == 1
        assert {item.options for item in quartet} == {quartet[0].options}
        assert [item.correct for item in quartet] == [0, 1, 2, 3]
    assert toys[0].prompt.count("\n\n") == 2
    assert len(items) == len({(item.prompt, item.options) for item in items})


@pytest.fixture
def words():
    """A tokenizer of whole words; the space belongs to the word behind it."""
    vocabulary = {word: index for index, word in enumerate(["?", ";", "\u0120a", "\u0120b", "\u0120c", "a", "b", "bc"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


def encoded(items, tokenizer, *, context_length=8):
    return encode_options(items, tokenizer=tokenizer, end_id=1, unknown_id=0, context_length=context_length)


def test_the_end_token_stands_in_front_and_only_the_option_is_counted(words):
    options = encoded([ChoiceItem("t", "a b", (" c", " a b"), 1)], words)

    assert [ids.tolist() for ids in options.sequences] == [[1, 5, 3, 4], [1, 5, 3, 2, 3]]
    assert options.num_tokens.tolist() == [1, 2]
    assert options.is_correct.tolist() == [False, True]
    assert options.item.tolist() == [0, 0]


def test_tokens_that_the_option_joins_to_its_prompt_are_its_own(words):
    options = encoded([ChoiceItem("t", "b", ("c", " c"), 0)], words)

    # "bc" is one token: nothing of the prompt's own is left before it.
    assert [ids.tolist() for ids in options.sequences] == [[1, 7], [1, 6, 4]]
    assert options.num_tokens.tolist() == [1, 1]


def test_items_that_do_not_fit_are_left_out_whole(words):
    too_long = ChoiceItem("t", "a b c a", (" a", " a b"), 0)
    unknown = ChoiceItem("t", "a b", (" c", " d"), 0)
    fitting = ChoiceItem("t", "a b c", (" a", " a b"), 0)

    options = encoded([too_long, unknown, fitting], words, context_length=5)

    assert options.items == (fitting,)
    assert options.num_left_out == 2


def task_file(tmp_path, **changes):
    examples = [{"input": f"{n} + 1", "target_scores": {str(n + 1): 1, str(n): 0, "0": 0}} for n in (1, 2, 3)]
    path = tmp_path / "sums.json"
    path.write_text(json.dumps({"name": "sums", "examples": examples} | changes))
    return path


def test_a_bigbench_task_is_asked_in_its_own_template(tmp_path):
    path = task_file(tmp_path, append_choices_to_input=False, task_prefix="Add.\n")

    first = read_bigbench_items(path)[0]

    head, *rest = first.prompt.split("\n\nQ: ")
    assert head == "Add."
    assert set(rest[:2]) == {"2 + 1\nA: 3", "3 + 1\nA: 4"}
    assert rest[2] == "1 + 1\nA:"
    assert first.options == (" 0", " 1", " 2")
    assert first.correct == 2


def test_choices_are_shown_where_the_format_says_so(tmp_path):
    first = read_bigbench_items(task_file(tmp_path))[0]

    assert first.prompt.endswith("\nQ: 1 + 1\n  choice: 0\n  choice: 1\n  choice: 2\nA:")


def test_examples_with_two_correct_options_are_left_out(tmp_path):
    path = task_file(tmp_path)
    task = json.loads(path.read_text())
    task["examples"].append({"input": "x", "target_scores": {"a": 1, "b": 1}})
    path.write_text(json.dumps(task))

    assert len(read_bigbench_items(path)) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("[]", "it has no list `examples`"),
        ('{"examples": [{"input": "x"}]}', "example 0: multiple choice needs"),
        (
            '{"examples": [{"input": "x", "target_scores": {"a": 1, "b": 0}}]}',
            "has 1 of the 3 or more examples with exactly one correct option",
        ),
    ],
)
def test_a_file_that_is_no_such_task_is_refused_with_its_name(tmp_path, text, words):
    path = tmp_path / "task.json"
    path.write_text(text)

    with pytest.raises(ConfigurationError, match=words) as error:
        read_bigbench_items(path)
    assert str(path) in str(error.value)
