"""Which stories a model reads, and in which order."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from configs.frozen import FrozenConfig

__all__ = ["ALL_STORIES", "CorpusConfig", "CorpusSource", "DataOrder", "StoryCount"]

CorpusSource = Literal["stories", "files", "hub"]
DataOrder = Literal["sequential", "shuffled"]
ALL_STORIES: Literal["all"] = "all"
StoryCount = Annotated[int, Field(gt=0)] | Literal["all"]


def _one_path_is_a_list_of_one(value: Any) -> Any:  # Any: whatever stood in the YAML file
    return (value,) if isinstance(value, str) else value


Paths = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_one_path_is_a_list_of_one)]


class CorpusConfig(FrozenConfig):
    """Training and validation text, its tokenizer, and the order of the training windows."""

    source: CorpusSource = Field(
        default="stories",
        description="`stories` is built in, `files` reads .txt, .jsonl and .parquet, `hub` streams a dataset.",
    )
    train: Paths = Field(default=(), description="Files of training stories, for source `files`.")
    validation: Paths = Field(default=(), description="Files of validation stories, for source `files`.")
    text_column: str = Field(default="text", min_length=1, description="Column of .jsonl, .parquet and hub rows.")
    dataset: str = Field(default="roneneldan/TinyStories", min_length=1, description="Dataset id, for source `hub`.")
    dataset_revision: str = Field(default="main", min_length=1, description="Git revision of the hub dataset.")
    train_stories: StoryCount = Field(default=2_000, description="Training stories to take from the start, or `all`.")
    validation_stories: StoryCount = Field(default=2_000, description="Validation stories to take, or `all`.")
    tokenizer_stories: StoryCount = Field(
        default=1_000, description="Training stories on which the tokenizer is trained, or `all`."
    )
    order: DataOrder = Field(
        default="shuffled",
        description="`sequential` reads the stream round and round, `shuffled` draws a new order for each pass.",
    )
    reference_train_tokens: int | None = Field(
        default=None,
        gt=0,
        description="Length of the training stream in the study that is repeated; a different length is warned about.",
    )

    @model_validator(mode="after")
    def _paths_belong_to_files(self) -> Self:
        if self.source != "files" and (self.train or self.validation):
            raise ValueError(f"train and validation name files, but source is {self.source!r}; set corpus.source=files")
        return self
