"""The sections of the report, in the reader's order."""

from analysis.report.section import AbstractSection
from analysis.report.sections.answer import Answer
from analysis.report.sections.asked import Asked
from analysis.report.sections.audit import Audit
from analysis.report.sections.conditions import Conditions
from analysis.report.sections.contrasts import Contrasts
from analysis.report.sections.convergence import Convergence
from analysis.report.sections.correlation import Correlation
from analysis.report.sections.energy import Energy
from analysis.report.sections.entropy import Entropy
from analysis.report.sections.heat_map import HeatMap
from analysis.report.sections.limits import Limits
from analysis.report.sections.methods import Methods
from analysis.report.sections.omnibus import Omnibus
from analysis.report.sections.planning import Planning
from analysis.report.sections.reproduce import Reproduce
from analysis.report.sections.sensitivity import Sensitivity
from analysis.report.sections.spread import Spread
from analysis.report.sections.stopping import Stopping
from analysis.report.sections.summaries import Summaries
from analysis.report.sections.telemetry import Telemetry
from analysis.report.sections.trajectories import Trajectories
from analysis.report.sections.trend_passes import TrendPasses
from analysis.report.sections.trends import Trends
from analysis.report.sections.usage import Usage

__all__ = ["SECTIONS"]

SECTIONS: tuple[AbstractSection, ...] = (
    Asked(),
    Answer(),
    Trajectories(),
    Conditions(),
    HeatMap(),
    Spread(),
    Telemetry(),
    Contrasts(),
    Summaries(),
    Omnibus(),
    Correlation(),
    Sensitivity(),
    Stopping(),
    Energy(),
    Planning(),
    Convergence(),
    Entropy(),
    Trends(),
    TrendPasses(),
    Usage(),
    Audit(),
    Limits(),
    Methods(),
    Reproduce(),
)
