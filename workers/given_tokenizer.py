"""Take the tokenizer that lies beside the weights of a model."""

from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from configs.errors import ConfigurationError
from configs.model import ModelConfig
from workers.probes.hugging_face import TOKENIZER_NAME

__all__ = ["GivenTokenizer", "given_tokenizer"]


@dataclass(frozen=True, slots=True)
class GivenTokenizer:
    """A tokenizer that was trained elsewhere."""

    tokenizer: Tokenizer
    end_id: int
    """The token after each story."""


def given_tokenizer(config: ModelConfig) -> GivenTokenizer | None:
    """The tokenizer of `config.directory`; None where there is no directory, so that one is trained.

    Raises:
        ConfigurationError: If the directory holds none, or it does not belong to this model.
    """
    if config.directory is None:
        return None
    assert config.end_id is not None, "the shape was read from the directory"
    path = Path(config.directory) / TOKENIZER_NAME
    if not path.is_file():
        raise ConfigurationError(
            f"model.directory={config.directory} holds no {TOKENIZER_NAME}, without which its tokens mean nothing; "
            "save the tokenizer there"
        )
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # noqa: BLE001, tokenizers raises bare Exception
        raise ConfigurationError(f"{path} cannot be read: {error}; save the tokenizer again") from None
    largest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=0)
    if largest >= config.vocab_size or config.end_id >= config.vocab_size:
        raise ConfigurationError(
            f"{path} has token {max(largest, config.end_id)}, but the model's vocabulary ends at "
            f"{config.vocab_size - 1}; they do not belong together"
        )
    return GivenTokenizer(tokenizer, end_id=config.end_id)
