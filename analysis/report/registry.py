"""The sections of the report, in the reader's order."""

from analysis.report.section import AbstractSection
from analysis.report.sections.answer import Answer
from analysis.report.sections.asked import Asked
from analysis.report.sections.trajectories import Trajectories

__all__ = ["SECTIONS"]

SECTIONS: tuple[AbstractSection, ...] = (
    Asked(),
    Answer(),
    Trajectories(),
)
