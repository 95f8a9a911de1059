"""`seedscope probe trends` on two tiny sizes, against transformers and statsmodels token by token."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import torch

TREND_FILES = {
    "token_classes.parquet",
    "trend_choices.parquet",
    "trend_curves.parquet",
    "trend_kinds.parquet",
    "trend_texts.parquet",
    "trends.json",
    "trends.parquet",
}


@pytest.fixture(scope="module")
def sizes(seedscope, small, tmp_path_factory):
    """Two sizes, two seeds, seven intervals, windows of 64 tokens."""
    directory = tmp_path_factory.mktemp("sizes")
    conditions = "conditions={little: {model.width: 16}, big: {model.width: 32, model.mlp_width: 64}}"
    answer = seedscope(
        directory, "run", "quickstart", *small, "--set", "model.context_length=64", "--set", conditions, "--inline",
        "--out", "out",
    )  # fmt: skip
    assert answer.exit_code == 0, answer.complaint
    return directory / "out"


@pytest.fixture(scope="module")
def probed(seedscope, sizes):
    """What the probe said, and wrote into the run directory."""
    return seedscope(sizes.parent, "probe", "trends", sizes, "--inline", "--tokens", "640", "--start", "0.1")


def losses_by_transformers(transformers, checkpoint, *, stream):
    """Nats of every next token of the stream in windows of 64, without a line of ours."""
    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint).eval()
    losses = []
    for start in range(0, len(stream) - 1, 64):
        window = torch.from_numpy(stream[start : start + 65].astype(np.int64))
        with torch.inference_mode():
            log_p = model(window[None, :-1]).logits[0].double().log_softmax(-1)
        losses.append(-log_p[torch.arange(len(window) - 1), window[1:]].numpy())
    return np.concatenate(losses)


def test_all_tables_are_written_and_the_sentences_say_what_they_show(probed, sizes):
    assert probed.exit_code == 0, probed.complaint
    assert {path.name for path in (sizes / "probes").iterdir()} >= TREND_FILES
    assert "little: after 10 % of training" in probed.output
    assert "Items left out, since they do not fit a window of the models: " in " ".join(probed.output.split())
    json.loads((sizes / "probes" / "trends.json").read_text(), parse_constant=pytest.fail)


def test_classes_are_those_of_transformers_and_statsmodels(probed, sizes, transformers):
    stream = np.load(sizes / "probes" / "tokens.npy")
    table = pd.read_parquet(sizes / "probes" / "token_classes.parquet")
    chosen = table.query("condition == 'big' and seed == 202 and rule == 'code-logstep'")
    checkpoints = [sizes / "checkpoints" / "big" / "seed-202" / f"interval-{k:02d}" for k in range(1, 7)]
    losses = np.stack([losses_by_transformers(transformers, path, stream=stream) for path in checkpoints], axis=1)
    steps = 4 * np.arange(1, 7)

    assert len(chosen) == len(stream) - 1
    for token, found in zip(losses, chosen["class"], strict=True):
        # The step nearest .1 x 24 is 4, the first; int(.1 x 6) = 0.
        perplexity = np.exp(token)
        fit = sm.OLS(perplexity / perplexity[0], sm.add_constant(np.log(steps))).fit()
        if abs(fit.pvalues[1] - 0.05) < 1e-3:
            continue  # their sums of squares differ in the last digits of fp32
        ratio = np.exp(token.mean()) / perplexity[[0, -1]]
        is_near = (ratio > 0.95).all() and (ratio < 1.05).all() and perplexity.var() < np.exp(token.mean())
        untrended = "stagnated" if is_near else "unclassified"
        trended = "upward" if fit.params[1] > 0 else "downward"
        assert found == (trended if fit.pvalues[1] < 0.05 else untrended)


def test_choices_are_scored_as_transformers_scores_them(probed, sizes, transformers):
    from tokenizers import Tokenizer

    from workers.probes.story_choices import story_choices

    tokenizer = Tokenizer.from_file(str(sizes / "tokenizer.json"))
    checkpoint = sizes / "checkpoints" / "little" / "seed-101" / "interval-06"
    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint).eval()
    scores = np.load(sizes / "probes" / "arrays" / "little" / "interval-06.choices.npz")["log_probability"][0]

    num_right, num_options, num_left_out = 0, 0, 0
    for item in story_choices():
        encoded = [tokenizer.encode(item.prompt + option).ids for option in item.options]
        if max(map(len, encoded)) > 64:
            num_left_out += 1
            continue
        num_prompt = len(tokenizer.encode(item.prompt).ids)
        per_token = []
        for ids in encoded:
            with torch.inference_mode():
                log_p = model(torch.tensor([[3, *ids[:-1]]])).logits[0].double().log_softmax(-1)
            option = log_p[torch.arange(len(ids)), torch.tensor(ids)][num_prompt:]
            assert scores[num_options] == pytest.approx(float(option.sum()), abs=1e-4)
            num_options += 1
            per_token.append(float(option.mean()))
        num_right += int(np.argmax(per_token) == item.correct)

    assert num_options == len(scores)
    rows = pd.read_parquet(sizes / "probes" / "trend_choices.parquet")
    row = rows.query("condition == 'little' and seed == 101 and interval == 6 and task == 'all'").iloc[0]
    assert (row["num_correct"], row["num_items"]) == (num_right, 288 - num_left_out)
    assert json.loads((sizes / "probes" / "trends.json").read_text())["choices"]["num_items_left_out"] == num_left_out


def test_whole_stories_are_scored_as_transformers_scores_them(probed, sizes, transformers):
    stream = np.load(sizes / "probes" / "tokens.npy").astype(np.int64)
    checkpoint = sizes / "checkpoints" / "little" / "seed-101" / "interval-06"
    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint).eval()
    ends = np.flatnonzero(stream == 3)
    stories = [stream[start:end][:64] for start, end in zip([0, *(ends[:-1] + 1)], ends, strict=True)]

    total = 0.0
    for story in stories:
        with torch.inference_mode():
            log_p = model(torch.tensor([[3, *story[:-1]]])).logits[0].double().log_softmax(-1)
        total -= float(log_p[torch.arange(len(story)), torch.from_numpy(story)].sum())

    rows = pd.read_parquet(sizes / "probes" / "trend_texts.parquet")
    row = rows.query("condition == 'little' and seed == 101 and interval == 6 and texts == 'noise-0'").iloc[0]
    assert row["num_tokens"] == sum(map(len, stories))
    assert row["loss_nats"] == pytest.approx(total / row["num_tokens"], abs=1e-5)
    assert set(rows["texts"]) >= {"noise-100", "story", "small-minus-large/greedy", "large-minus-small/nucleus"}


def test_what_is_measured_is_not_measured_again(probed, seedscope, sizes):
    before = (sizes / "probes" / "trends.parquet").read_bytes()

    again = seedscope(sizes.parent, "probe", "trends", sizes, "--inline", "--tokens", "640", "--start", "0.1")

    assert "43 measurements, all made before" in again.output
    assert (sizes / "probes" / "trends.parquet").read_bytes() == before


def test_stored_losses_need_no_forward_pass(seedscope, sizes):
    answer = seedscope(sizes.parent, "probe", "trends", sizes, "--inline", "--stored", "--out", "stored")

    out = sizes.parent / "stored"
    assert answer.exit_code == 0, answer.complaint
    assert not (out / "arrays").exists()
    curves = pd.read_parquet(out / "trend_curves.parquet")
    followed = curves.query("condition == 'big' and seed == 202 and interval == 6")["all_tokens_loss_nats"]
    recorded = pd.read_csv(sizes / "table.csv").query("condition == 'big' and seed == 202 and interval == 6")
    assert followed.to_numpy() == pytest.approx(recorded["val_loss"].iloc[0], abs=1e-6)
    assert (
        pd.read_parquet(out / "trends.parquet")
        .groupby(["condition", "seed", "rule", "start_fraction"])["num_tokens"]
        .sum()
        .eq(128)
        .any()
    )


def test_the_report_shows_what_was_probed(probed, seedscope, sizes):
    answer = seedscope(sizes.parent, "analyze", sizes, "--out", "report")

    report = (sizes.parent / "report" / "report.md").read_text()
    assert answer.exit_code == 0, answer.complaint
    assert "Tokens that learn, stagnate or forget" in report
    assert "Noise, mixtures and choices" in report
    for name in ("trend-shares", "trend-text-losses", "trend-accuracy"):
        assert (sizes.parent / "report" / "figures" / f"{name}.svg").stat().st_size > 5_000
    assert "| noise-100 |" in report


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trends", "--start", "1.5"), "--start 1.5 is no share of training"),
        (("trends", "--items", "nowhere.json"), "--items nowhere.json cannot be read"),
        (("trends", "--stored", "--items", "x.json"), "--stored makes no forward pass"),
        (("convergence", "--stored"), "convergence needs whole distributions, which are not stored"),
    ],
)
def test_options_that_mean_nothing_are_refused_before_anything_is_written(seedscope_inside, finished, arguments, words):
    study, *options = arguments

    answer = seedscope_inside(finished.directory, "probe", study, "out", "--inline", "--out", "new", *options)

    assert answer.exit_code == 2
    assert words in answer.complaint
    assert not (finished.directory / "new").exists()
