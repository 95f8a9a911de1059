"""The fingerprint changes with whatever changes what is learned, and with nothing else."""

import json

import pytest

from configs.load import load_experiment

FILES = "corpus={source: files, train: [a.txt], validation: [b.txt], train_stories: 400, validation_stories: 100, "
FILES += "tokenizer_stories: 400, order: shuffled, text_column: "


@pytest.mark.parametrize(
    "override",
    [
        "seeds=[101, 202]",
        "seeds=[606, 505, 404, 303, 202, 101]",
        "seed_controls=[initialization]",
        "shared_seed=1",
        "schedule.spacing=log",
        "model.vocab_size=511",
        "model.width=72",
        "model.num_layers=3",
        "model.num_heads=2",
        "model.num_kv_heads=2",
        "model.tied_head=false",
        "placement.tokens_at_once=512",
        "model.mlp_width=177",
        "model.norm_epsilon=2.0e-6",
        "model.rope_base=9999.0",
        "model.initial_sd=0.03",
        "corpus.train_stories=399",
        "corpus.train_stories=all",
        "corpus.validation_stories=99",
        "corpus.tokenizer_stories=399",
        "optimization.learning_rate=2.0001e-3",
        "optimization.final_learning_rate=2.0001e-4",
        "optimization.warmup_tokens=20481",
        "optimization.decay_tokens=409601",
        "optimization.betas=[0.9, 0.951]",
        "optimization.betas=[0.91, 0.95]",
        "optimization.epsilon=2.0e-8",
        "optimization.weight_decay=0.11",
        "optimization.clip_norm=1.1",
        "schedule.budget_tokens=430080",
        "schedule.every_tokens=40960",
        "schedule.tokens_per_step=2048",
        "evaluation.tokens=4032",
        "evaluation.offset=1",
        "placement.threads_per_run=2",
        "placement.kernels=compiled",
        "placement.stack_runs=6",
        "placement.device=cuda",
        "precision=bf16",
        "conditions={small: {model.width: 32}}",
    ],
)
def test_fingerprint_changes_with_what_changes_learning(override):
    config = load_experiment("quickstart", overrides=[override])

    assert config.fingerprint != load_experiment("quickstart").fingerprint


@pytest.mark.parametrize(
    ("preset", "fingerprint"),
    [
        # As they were before models could share keys, have a head of their own or come from a directory.
        ("ladder", "80d7bb1d3db94926f4db7ec8d6666e301f16c9b7a43b6a8a51da3511e60d4cde"),
        ("published-study", "6d4e8ec03366f7f1d7783d10b49188fde86fa5b0fdd164ef0ca47ac4922152a0"),
        ("quickstart", "d6ea64a2242df9d47dd191abd597c505597079bca01aa76fcc270eb13bbf8927"),
        ("token-scale", "13a7688a3928074253a2270a85125baddff3bfdefeaa08b366c74c8a6fd2b4fd"),
    ],
)
def test_older_run_directories_keep_their_fingerprint(preset, fingerprint):
    assert load_experiment(preset).fingerprint == fingerprint


def test_fingerprint_tells_weights_apart_and_not_where_they_lie(llama_json, tmp_path):
    def config(name, sha256):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "config.json").write_text(json.dumps(llama_json))
        overrides = [f"model={{directory: {tmp_path / name}}}", "seed_controls=[data_order]"]
        return load_experiment("quickstart", overrides=overrides).with_weights(sha256)

    assert config("here", "0" * 64).fingerprint == config("there", "0" * 64).fingerprint
    assert config("here", "0" * 64).fingerprint != config("here", "1" * 64).fingerprint


def test_fingerprint_changes_with_the_context_and_the_order():
    base = load_experiment("quickstart", overrides=["seed_controls=[initialization]"])
    shorter = load_experiment("quickstart", overrides=["seed_controls=[initialization]", "model.context_length=32"])
    in_order = load_experiment("quickstart", overrides=["seed_controls=[initialization]", "corpus.order=sequential"])

    assert len({base.fingerprint, shorter.fingerprint, in_order.fingerprint}) == 3


@pytest.mark.parametrize(
    "override",
    [
        "name=another",
        "telemetry.window=7",
        "telemetry.spike_z_threshold=3.0",
        "telemetry.backslide_noise_multiple=1.0",
        "placement.max_concurrent_runs=2",
        "model.num_kv_heads=4",
        "checkpoints.keep=none",
        "placement.kernels=torch",
        "placement.stack_runs=1",
        "recovery.max_attempts=1",
        "recovery.silence_s=5",
        "recovery.backoff_s=0",
        "corpus.reference_train_tokens=1000",
        f"{FILES}text}}",
        f"{FILES}story}}",
        "corpus.dataset=another/stories",
        "corpus.dataset_revision=v2",
    ],
)
def test_fingerprint_ignores_what_changes_no_learning_column(override):
    config = load_experiment("quickstart", overrides=[override])

    assert config.fingerprint == load_experiment("quickstart").fingerprint


def test_fingerprint_ignores_the_order_in_which_fields_are_written(write_config, quickstart_values, dump):
    reordered = write_config(dump(dict(reversed(quickstart_values.items()))))

    assert load_experiment(reordered).fingerprint == load_experiment("quickstart").fingerprint


def test_fingerprint_ignores_how_a_number_is_written():
    one = load_experiment("quickstart", overrides=["optimization.clip_norm=1"])
    other = load_experiment("quickstart", overrides=["optimization.clip_norm=1.0e+0"])

    assert one.fingerprint == other.fingerprint
