"""Which places a config may name for the checkpoints."""

import pytest
from pydantic import ValidationError

from configs.checkpoints import CheckpointsConfig


@pytest.mark.parametrize("uri", [None, "file:///data/study", "s3://bucket/a/b", "gs://bucket", "memory://place"])
def test_one_plain_url_or_none_is_accepted(uri: str | None) -> None:
    assert CheckpointsConfig(uri=uri).uri == uri


@pytest.mark.parametrize(
    ("uri", "complaint"),
    [
        ("/data/study", "is no URL; write file:///directory"),
        ("", "is no URL"),
        ("simplecache::s3://bucket/study", "is no URL"),
        ("s3://bucket/a::file:///tmp/x", "is not one plain URL"),
        ("s3://bucket/a b", "is not one plain URL"),
        ("s3://bucket/a\x1b[31m", "is not one plain URL"),
        ("ftp://me:secret@host/study", "holds a user's name"),
        ("local:///data/study", "write file:///data/study"),
        ("s3://", "names no place of its own"),
        ("file:///", "names no place of its own"),
        ("file://data/study", "names no place of its own"),
    ],
)
def test_anything_else_is_one_sentence_that_tells_no_password(uri: str, complaint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        CheckpointsConfig(uri=uri)

    message = caught.value.errors()[0]["msg"]
    assert complaint in message
    assert "secret" not in message
    assert "\x1b" not in message


def test_only_a_file_url_names_a_directory_of_this_machine() -> None:
    assert CheckpointsConfig(uri="file:///data/study").local_directory == "/data/study"
    assert CheckpointsConfig(uri="s3://bucket/study").local_directory is None
