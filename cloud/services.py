"""What the routes work with, put together by `cloud.app` alone."""

from dataclasses import dataclass

from cloud.assessments.repository import AssessmentRepository
from cloud.clock import Clock
from cloud.registry.store import Registry
from cloud.scoring.evidence.computed import ComputedFromEvidence
from cloud.settings import Settings
from cloud.telemetry.current_state import StateNow
from cloud.telemetry.line_protocol import Parser
from cloud.telemetry.live import LiveFeed
from cloud.telemetry.store import TelemetryStore
from cloud.utilization.refresh import Rollups


@dataclass(slots=True)
class Services:
    """The parts of one running cloud; a route gets them from `cloud.api.deps`."""

    settings: Settings
    token: str
    clock: Clock
    store: TelemetryStore
    registry: Registry
    rollups: Rollups
    now: StateNow
    live: LiveFeed
    parser: Parser
    repository: AssessmentRepository
    computed: ComputedFromEvidence
