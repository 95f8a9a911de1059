"""What several rooms share: a tiny experiment and its corpus, the published ones, a clock that obeys.

Torch is imported inside the fixtures that need it, since the rooms analysis and configs are tested without it.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import settings

from configs.experiment import ExperimentConfig
from configs.load import load_experiment

if TYPE_CHECKING:
    from workers.corpus import Corpus
    from workers.usage import WorkerPlace

# The same examples every time; `--hypothesis-profile=search` draws others.
settings.register_profile("steady", derandomize=True)
settings.register_profile("search")
settings.load_profile("steady")

TINYSTORIES = Path(__file__).parents[1].parent / "shared" / "data" / "tinystories"

# Three intervals of four steps; 32 tokens a step; a stream of 500 tokens, so that the shuffled order begins new passes.
TINY = (
    "name=tiny",
    "seeds=[1, 2]",
    "model.vocab_size=260",
    "model.width=16",
    "model.num_layers=2",
    "model.num_heads=2",
    "model.mlp_width=24",
    "model.context_length=8",
    "optimization.learning_rate=1.0e-2",
    "optimization.final_learning_rate=1.0e-3",
    "optimization.warmup_tokens=64",
    "optimization.decay_tokens=384",
    "schedule.budget_tokens=384",
    "schedule.every_tokens=128",
    "schedule.tokens_per_step=32",
    "evaluation.tokens=64",
    "evaluation.offset=5",
)


class FakeClock:
    """Seconds that pass only when they are told to, or by `tick_s` at every look."""

    def __init__(self, *, tick_s: float = 0.0) -> None:
        self.now_s = 1_000.0
        self.tick_s = tick_s

    def __call__(self) -> float:
        self.now_s += self.tick_s
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture(scope="session")
def make_clock() -> Callable[..., FakeClock]:
    """A function that makes a fake clock."""
    return FakeClock


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Torch with one thread, on which the bits of a sum depend."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny_experiment() -> Callable[..., ExperimentConfig]:
    """A function from overrides to an experiment that trains in a fraction of a second."""

    def load(*overrides: str) -> ExperimentConfig:
        return load_experiment("quickstart", overrides=[*TINY, *overrides])

    return load


@pytest.fixture(scope="session")
def tiny_corpus() -> "Corpus":
    """500 training and 200 validation tokens that follow one another in a noisy cycle: there is much to learn."""
    from workers.corpus import Corpus

    words = np.random.Philox(key=7).random_raw(700)
    stream = (np.arange(700) * 3 % 50 + words % 3).astype(np.uint16)
    return Corpus(stream[:500], stream[500:], "{}", 1, 1, ())


@pytest.fixture(scope="session")
def worker_place() -> "WorkerPlace":
    """A place for records that nobody looks at."""
    from workers.usage import WorkerPlace

    return WorkerPlace(host="here", cpu_model="a model", cores=(0,), threads=1, interop_threads=1)


@pytest.fixture(scope="session")
def published_experiment() -> ExperimentConfig:
    """The preset published-study on the text beside the repository."""
    if not TINYSTORIES.is_dir():
        pytest.skip(f"the TinyStories text is not in {TINYSTORIES}; it is not shipped with the code")
    return load_experiment(
        "published-study",
        overrides=[
            f"corpus.train=['{TINYSTORIES / 'train_first_2316.txt'}']",
            f"corpus.validation=['{TINYSTORIES / 'valid_first_220.txt'}']",
        ],
    )


@pytest.fixture(scope="session")
def published_corpus(published_experiment: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> "Corpus":
    """The published token streams; the training stream has the published 428,628 tokens."""
    from workers.corpus import prepare_corpus

    corpus = prepare_corpus(
        published_experiment.corpus,
        vocab_size=published_experiment.model.vocab_size,
        cache_dir=tmp_path_factory.mktemp("tokenizers"),
    )
    assert corpus.train.size == 428_628
    return corpus


@pytest.fixture(scope="session")
def llama_json() -> dict[str, Any]:
    """The config.json of a tiny Llama with shared keys and a head of its own, as transformers writes it."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "head_dim": 8,
        "hidden_act": "silu",
        "hidden_size": 32,
        "initializer_range": 0.1,
        "intermediate_size": 48,
        "max_position_embeddings": 64,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "pretraining_tp": 1,
        "rms_norm_eps": 1e-5,
        "rope_scaling": None,
        "rope_theta": 5000.0,
        "tie_word_embeddings": False,
        "vocab_size": 400,
    }


@pytest.fixture(scope="session")
def llama_tokenizer() -> str:
    """A tokenizer.json with the special tokens of Llama, which are not those of our own tokenizers."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<unk>", "<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["Once upon a time there was a small dog. The dog was happy."] * 9, trainer=trainer)
    return str(tokenizer.to_str())


@pytest.fixture(scope="session")
def make_llama_directory(
    transformers: ModuleType, llama_json: dict[str, Any], llama_tokenizer: str
) -> Callable[..., Path]:
    """A function that lets transformers save a random Llama; its gains are not all one."""
    import torch

    def make(directory: Path, *, shards: str = "1GB", dtype: str = "float32", seed: int = 1, **changes: Any) -> Path:
        config = transformers.LlamaConfig(**(llama_json | changes))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = transformers.LlamaForCausalLM(config)
            with torch.no_grad():
                for name, parameter in model.named_parameters():
                    if name.endswith("norm.weight"):
                        parameter += 0.3 * torch.randn(parameter.shape)
        model.to(getattr(torch, dtype)).save_pretrained(directory, max_shard_size=shards)
        (directory / "tokenizer.json").write_text(llama_tokenizer, encoding="utf-8")
        return directory

    return make


@pytest.fixture(scope="session")
def llama_directory(make_llama_directory: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of a tiny Llama; read it, do not write into it."""
    return make_llama_directory(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="session")
def transformers() -> ModuleType:
    """The library transformers, without its progress bars; skips where it is not installed."""
    library = pytest.importorskip("transformers")
    library.utils.logging.disable_progress_bar()
    return library


@pytest.fixture(scope="session")
def naive_reference(transformers: ModuleType) -> ModuleType:
    """The module tests/golden/naive_reference.py, which shares no code with ours."""
    path = Path(__file__).parent / "golden" / "naive_reference.py"
    spec = importlib.util.spec_from_file_location("naive_reference", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
