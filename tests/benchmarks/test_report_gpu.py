"""The page of benchmarks has a section on a graphics card where there are results of one."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MACHINE = {"processor": "P", "cores": 16, "torch": "2.11", "python": "3.12", "card": "C"}
ROW = {
    "table": "throughput",
    "network": "rule@5g",
    "macs": 4_750_000_000,
    "objective": "sat",
    "title": "SAT-7",
    "batch": 512,
    "precision": "bfloat16",
    "compile": "on",
    "images_per_second": 1234.5,
    "warmup_seconds": 41.25,
    "updates": 3,
    "compiled": True,
    "parts": 1,
    "of_peak": 0.4321,
}


PROGRAM = """
import sys
from pathlib import Path
from report import document
for folder in sys.argv[1:]:
    Path(folder, "page.md").write_text(document(Path(folder)))
"""


def test_a_section_for_what_was_measured_and_none_for_nothing(tmp_path):
    peak = {"table": "peak", "float32": 5e13, "bfloat16": 7.5e14}
    folders = [tmp_path / name for name in ("none", "empty", "measured")]
    for folder, rows in zip(folders, (None, [], [peak, ROW]), strict=True):
        folder.mkdir()
        if rows is not None:
            (folder / "gpu.json").write_text(json.dumps({"machine": MACHINE, "rows": rows}))
    subprocess.run([sys.executable, "-c", PROGRAM, *folders], cwd=ROOT / "benchmarks", check=True)
    none, empty, measured = ((folder / "page.md").read_text() for folder in folders)
    assert "on a graphics card" not in none + empty
    assert "## Adversarial training on a graphics card" in measured
    assert "50 TFLOP/s in float32, 750 in bfloat16" in measured
    assert "| rule@5g | 4.75 G | SAT-7 | 512 | bfloat16 | yes | 1,234 | 43.2 % | 41.2 |" in measured
