"""The built-in stories as tokens, for a benchmark without the corpus of an experiment."""

import math
from pathlib import Path

import torch
from tokenizers import Tokenizer

from workers.stories import generate_stories
from workers.tokenizer import END_TOKEN, train_tokenizer

MOST_ENTRIES = 2_048  # more than the built-in stories fill; a larger model keeps all of its rows


def tokenizer_of(weights: Path | None, *, vocab_size: int) -> Tokenizer:
    """That of the Hugging Face directory, or one trained on the stories."""
    if weights:
        return Tokenizer.from_file(str(weights / "tokenizer.json"))
    return train_tokenizer(generate_stories(split="train", num_stories=2_000), vocab_size=min(vocab_size, MOST_ENTRIES))


def token_streams(num_train: int, *, num_held_out: int, tokenizer: Tokenizer) -> tuple[torch.Tensor, torch.Tensor]:
    """Training and held-out stories as token ids, the end-of-text token after each."""
    ends = (tokenizer.token_to_id(name) for name in (END_TOKEN, "</s>", "<|endoftext|>", "<|end_of_text|>"))
    end = next(one for one in ends if one is not None)
    streams = []
    for split, num_tokens in (("train", num_train), ("validation", num_held_out)):
        ids: list[int] = []
        num_stories = 1_000
        while len(ids) < num_tokens:
            stories = list(generate_stories(split=split, num_stories=num_stories))
            encodings = tokenizer.encode_batch(stories, add_special_tokens=False)
            ids = [one for encoding in encodings for one in (*encoding.ids, end)]
            num_stories = math.ceil(num_stories * max(1.05, 1.05 * num_tokens / len(ids)))
        streams.append(torch.tensor(ids[:num_tokens], dtype=torch.int64))
    return streams[0], streams[1]
