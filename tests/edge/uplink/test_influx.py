"""What the writer to InfluxDB loads."""

import subprocess
import sys
from pathlib import Path


def test_writer_loads_no_numpy_and_leaves_it_to_others(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path;"
        "from edge.clock import SystemClock; from edge.config import load_config;"
        "from edge.gateway import new_writer;"
        "new_writer(load_config(Path(sys.argv[1])), SystemClock()); loaded = list(sys.modules);"
        "import numpy; print(*loaded)"
    )
    path = tmp_path / "gateway.yaml"
    path.write_text(
        "{gateway: g, school: '2133100001', uplink: {url: 'http://127.0.0.1:1', token: t}}"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "influxdb_client" in loaded
    assert "numpy" not in loaded
