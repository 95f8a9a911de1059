"""Ask which tokens learn, stagnate or forget, what random and written texts tell, and what can be answered."""

from pathlib import Path
from typing import final

from tokenizers import Tokenizer

from analysis.trends.token_trends import DEFAULT_STARTS
from configs.errors import ConfigurationError
from configs.probe_paths import ProbePaths
from orchestrator.probes.study import AbstractStudy, Conclusion, measurement_tasks, shortage_note
from orchestrator.probes.task import ProbeTask
from orchestrator.probes.trend_conclusion import conclude_trends
from orchestrator.probes.trend_tasks import choice_tasks, find_writers, text_tasks
from workers.probes.bigbench_items import read_bigbench_items
from workers.probes.choice_items import EncodedOptions, encode_options
from workers.probes.measure import SCORES
from workers.probes.source import ProbeSource
from workers.probes.story_choices import story_choices
from workers.tokenizer import UNKNOWN_TOKEN

__all__ = ["TrendsStudy"]


@final
class TrendsStudy(AbstractStudy):
    """Needs scores of tokens, and its own passes over texts and items.

    Args:
        starts: Shares of training from which trends are told; empty for those of the paper.
        items: BIG-bench files; empty for the built-in items.
        uses_stored: Take the losses that training stored, and make no forward pass.

    Raises:
        ConfigurationError: If an option has no meaning, or a file is no BIG-bench task.
    """

    def __init__(self, *, starts: tuple[float, ...], items: tuple[Path, ...], uses_stored: bool) -> None:
        for start in starts:
            if not 0 <= start < 1:
                raise ConfigurationError(f"--start {start} is no share of training; give a number from 0 to below 1")
        if uses_stored and items:
            raise ConfigurationError("--stored makes no forward pass, which --items needs; give one of them")
        for path in items:
            read_bigbench_items(path)
        self._starts = tuple(dict.fromkeys(starts)) or DEFAULT_STARTS
        self._items = items
        self._uses_stored = uses_stored

    @property
    def uses_stored(self) -> bool:
        """See the base class."""
        return self._uses_stored

    def notes(self, source: ProbeSource) -> tuple[str, ...]:
        """See the base class."""
        return (*source.notes, *shortage_note(source))

    def require(self, source: ProbeSource) -> None:
        """See the base class. Any checkpoint will do."""

    def tasks(self, source: ProbeSource, *, paths: ProbePaths) -> tuple[ProbeTask, ...]:
        """See the base class."""
        if self._uses_stored:
            return ()
        return (
            *measurement_tasks(source, paths=paths, measurements=(SCORES,)),
            *text_tasks(source, paths=paths, writers=find_writers(source)),
            *choice_tasks(source, paths=paths, options=self._encoded(source)),
        )

    def conclude(self, source: ProbeSource, *, paths: ProbePaths) -> Conclusion:
        """See the base class."""
        return conclude_trends(
            source,
            paths=paths,
            starts=self._starts,
            options=None if self._uses_stored else self._encoded(source),
        )

    def _encoded(self, source: ProbeSource) -> EncodedOptions:
        given = [item for path in self._items for item in read_bigbench_items(path)]
        tokenizer = Tokenizer.from_str(source.tokenizer_json)
        return encode_options(
            given or story_choices(),
            tokenizer=tokenizer,
            end_id=source.tokens.end_id,
            unknown_id=tokenizer.token_to_id(UNKNOWN_TOKEN),
            context_length=source.tokens.context_length,
        )
