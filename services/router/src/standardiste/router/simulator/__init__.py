"""The simulator: the engine itself on virtual time, driven by a scenario. Many seeded replications, figures with confidence intervals."""

from standardiste.router.simulator.faults import ScenarioFault, ScenarioRefused
from standardiste.router.simulator.reading import scenario_of
from standardiste.router.simulator.report import Estimate, Report
from standardiste.router.simulator.run import simulate
from standardiste.router.simulator.scenario import Scenario

__all__ = ["Estimate", "Report", "Scenario", "ScenarioFault", "ScenarioRefused", "scenario_of", "simulate"]
