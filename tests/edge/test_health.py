from pathlib import Path

from device_profiles.points import rule_of
from edge.buffer.entry import BufferState
from edge.config import load_config
from edge.errors import DriverUnavailable
from edge.health import Health
from edge.uplink.drain import UplinkReport
from tests.edge.conftest import PROFILES, SetClock

EMPTY = BufferState(lines=0, size_bytes=0, oldest_at=None, evicted=0, set_aside=0, held=0)


def test_a_usage_rule_is_reported_where_it_is_not_the_profiles(
    tmp_path: Path, clock: SetClock
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(
        f"""
gateway: gw-001
school: "2133100001"
profiles: ["{PROFILES}"]
uplink: {{url: "http://127.0.0.1:1", token: t}}
mqtt: {{host: 127.0.0.1}}
devices:
  - {{id: d1, profile: campus-test-plug, usage: {{active_above: 80}}, mqtt: {{device: d1}}}}
  - {{id: d2, profile: campus-test-plug, mqtt: {{device: d2}}}}
""",
        encoding="utf-8",
    )
    config = load_config(path)
    health = Health(
        gateway="gw-001",
        school="2133100001",
        version="1",
        devices=config.devices,
        clock=clock,
    )
    _, first, second = health.lines(health.report(EMPTY, UplinkReport(), tmp_path))
    assert 'usage_rule="{\\"active_above\\": 80.0}"' in first.text
    assert "usage_rule" not in second.text
    known = config.devices["d1"]
    assert rule_of('{"active_above": 80.0}', known.profile.usage) == known.usage


def test_a_driver_states_since_when_it_is_ready(tmp_path: Path, clock: SetClock) -> None:
    health = Health(gateway="g", school="2133100001", version="1", devices={}, clock=clock)

    def since() -> tuple[bool, str]:
        driver = health.report(EMPTY, UplinkReport(), tmp_path)["drivers"]["mqtt"]
        return driver["ready"], driver["ready_since"]

    health.driver_failed(DriverUnavailable("mqtt", "no broker"))
    assert since() == (False, "")
    first = clock.now()
    health.driver_ready("mqtt")
    clock.pass_(5)
    health.driver_ready("mqtt")
    assert since() == (True, first.isoformat(timespec="microseconds").replace("+00:00", "Z"))
    health.driver_failed(DriverUnavailable("mqtt", "it closed"))
    health.driver_ready("mqtt")
    again = clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert since() == (True, again)
