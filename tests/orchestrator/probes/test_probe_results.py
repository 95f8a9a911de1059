"""What a probe says equals what plain NumPy says of the same checkpoints, whoever reads them."""

import json

import numpy as np
import pandas as pd
import pytest

from configs.probe_paths import ProbePaths
from workers.corpus_files import read_stream

CONTEXT_LENGTH = 16


@pytest.fixture(scope="module")
def naive_log_p(small_run, transformers):
    """Log-probabilities in float64 by transformers' own Llama, by interval and seed; and the targets."""
    import torch

    paths, config = small_run
    stream = read_stream(paths.stream_file("validation")).astype(np.int64)
    end_id = 3
    stream = stream[: np.flatnonzero(stream == end_id)[np.flatnonzero(stream == end_id) <= 1000].max() + 1]
    windows = [stream[start : start + CONTEXT_LENGTH + 1] for start in range(0, len(stream) - 1, CONTEXT_LENGTH)]
    log_p = {}
    for interval in range(3):
        for seed in config.seeds:
            model = transformers.LlamaForCausalLM.from_pretrained(
                paths.checkpoint_dir("base", seed, interval), dtype=torch.float64
            )
            with torch.no_grad():
                logits = np.concatenate(
                    [model(torch.tensor(window[None, :-1])).logits[0].numpy() for window in windows]
                )
            shifted = logits - logits.max(1, keepdims=True)
            log_p[interval, seed] = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return log_p, stream[1:]


def test_convergence_equals_a_loop_over_pairs_in_float64(small_run, probe, naive_log_p, tmp_path) -> None:
    paths, config = small_run
    log_p, targets = naive_log_p
    counts = np.bincount(read_stream(paths.stream_file("train")), minlength=300)
    log_u = np.log((counts + 0.5) / (counts.sum() + 150))

    finish = probe("convergence", run=paths.root, out=tmp_path)

    assert finish.exit_code == 0
    table = pd.read_parquet(tmp_path / "convergence.parquet")
    everything = table[table.class_system == "all"].set_index("interval")
    rare = table[(table.class_system == "frequency") & (table["class"] == "10-99")].set_index("interval")
    is_rare = (counts[targets] >= 10) & (counts[targets] < 100)
    for interval in range(3):
        kls = {
            (one, other): (np.exp(log_p[interval, one]) * (log_p[interval, one] - log_p[interval, other])).sum(1)
            for one in config.seeds
            for other in config.seeds
            if one != other
        }
        mean = np.mean(list(kls.values()), axis=0)
        without = [np.mean([kl.mean() for pair, kl in kls.items() if seed not in pair]) for seed in config.seeds]
        p = [np.exp(log_p[interval, seed]) for seed in config.seeds]
        to_unigram = np.mean([(q * (np.log(q) - log_u)).sum(1).mean() for q in p])
        to_uniform = np.mean([(q * (np.log(q) + np.log(300))).sum(1).mean() for q in p])
        row = everything.loc[interval]

        assert row.num_contexts == len(targets)
        assert row.convergence_nats == pytest.approx(-mean.mean(), abs=1e-6)
        assert row.jackknife_se == pytest.approx(np.sqrt(2 / 3 * np.var(without) * 3), abs=1e-6)
        assert row.kl_to_unigram_nats == pytest.approx(to_unigram, abs=1e-5)
        assert row.kl_to_uniform_nats == pytest.approx(to_uniform, abs=1e-5)
        assert rare.loc[interval].num_contexts == is_rare.sum()
        assert rare.loc[interval].convergence_nats == pytest.approx(-mean[is_rare].mean(), abs=1e-6)


def test_parts_of_the_cross_entropy_equal_plain_numpy_in_float64(small_run, probe, naive_log_p, tmp_path) -> None:
    paths, _ = small_run
    log_p, targets = naive_log_p

    probe("entropy", run=paths.root, out=tmp_path)

    table = pd.read_parquet(tmp_path / "entropy.parquet").set_index(["interval", "seed"])
    assert len(table) == 9
    for (interval, seed), values in log_p.items():
        chosen = values[np.arange(len(targets)), targets]
        ranks = (values > chosen[:, None]).sum(1)
        row = table.loc[(interval, seed)]

        shares = np.array([np.mean(ranks == rank) for rank in np.unique(ranks)])
        means = np.array([np.exp(chosen[ranks == rank].mean()) for rank in np.unique(ranks)])
        assert row.cross_entropy_nats == pytest.approx(-chosen.mean(), abs=1e-5)
        assert row.error_entropy_nats == pytest.approx(-(shares * np.log(shares)).sum(), abs=2e-3)
        assert row.log_norm_nats == pytest.approx(np.log(means.sum()), abs=2e-3)
        parts = row.error_entropy_nats + row.self_alignment_nats - row.log_norm_nats
        assert row.cross_entropy_nats == pytest.approx(parts, abs=1e-9)
        assert (row.num_tokens, row.condition) == (len(targets), "base")


@pytest.mark.parametrize("study", ["convergence", "entropy"])
def test_run_directory_and_its_checkpoints_read_by_transformers_agree(
    small_run, probe, transformers, tmp_path, study: str
) -> None:
    from workers.stories import generate_stories

    paths, _ = small_run
    text, counts = tmp_path / "stories.txt", tmp_path / "counts.npy"
    text.write_text("\n<|endoftext|>\n".join(generate_stories(split="validation", num_stories=6)))
    np.save(counts, np.bincount(read_stream(paths.stream_file("train")), minlength=300))

    probe(study, run=paths.root, out=tmp_path / "own")
    probe(
        study,
        checkpoints=f"{paths.checkpoints_dir}/{{condition}}/seed-{{seed}}/interval-{{step}}",
        text=text,
        tokenizer=paths.tokenizer_file,
        unigram=counts,
        num_tokens=1000,
        tokens_per_step=7,
        out=tmp_path / "theirs",
    )

    own, theirs = (pd.read_parquet(ProbePaths(tmp_path / name).table(study)) for name in ("own", "theirs"))
    assert theirs.step.tolist() == theirs.interval.tolist()
    assert theirs.tokens.tolist() == (7 * theirs.step).tolist()
    pd.testing.assert_frame_equal(
        own.drop(columns=["step", "tokens"]), theirs.drop(columns=["step", "tokens"]), atol=3e-3, rtol=0
    )


def test_parts_of_speech_make_rows_of_their_own(small_run, probe, tmp_path) -> None:
    pytest.importorskip("HanTa")
    paths, _ = small_run

    probe("convergence", run=paths.root, out=tmp_path)

    table = pd.read_parquet(tmp_path / "convergence.parquet")
    of_next = table[(table.class_system == "pos_next") & (table.interval == 2)].set_index("class")
    assert {"DT", "NN", "PRP", "function words", "content words", "nouns", "verbs"} <= set(of_next.index)
    assert of_next.loc["nouns"].num_contexts >= of_next.loc["NN"].num_contexts > 30
    small = table[table.num_contexts < 30]
    assert len(small)
    assert small.convergence_nats.isna().all()


def test_summary_is_strict_json_with_a_curve_for_each_condition(small_run, probe, tmp_path) -> None:
    paths, _ = small_run

    probe("convergence", run=paths.root, out=tmp_path)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    summary = json.loads((tmp_path / "convergence.json").read_text(), parse_constant=refuse)
    assert [point["step"] for point in summary["conditions"]["base"]["curve"]] == [0, 8, 16]


def test_stored_scores_give_the_validation_loss_and_its_parts_without_a_forward_pass(
    small_run, probe, events, tmp_path
) -> None:
    paths, config = small_run

    probe("entropy", run=paths.root, uses_stored=True, out=tmp_path)

    table = pd.read_parquet(tmp_path / "entropy.parquet").set_index(["seed", "interval"])
    trained = pd.read_csv(paths.table_csv).set_index(["seed", "interval"]).loc[table.index]
    assert [event["event"] for event in events()] == ["probe_begun", "probe_ended"]
    assert set(table.num_tokens) == {config.evaluation.tokens}
    assert table.cross_entropy_nats.to_numpy() == pytest.approx(trained.val_loss.to_numpy(), abs=1e-9)
