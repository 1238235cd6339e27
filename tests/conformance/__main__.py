"""Run nbgrader's own suites twice, stock and with our executor, and compare test by test.

    python -m tests.conformance [--json] [--fresh] [-k EXPRESSION]

Exit 0: no test that passes with stock nbgrader fails with ours. 1: some do; they are listed. 3: a run broke down.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "conformance"
SUITES = (
    "nbgrader.tests.apps.test_nbgrader_autograde",
    "nbgrader.tests.apps.test_nbgrader_validate",
    "nbgrader.tests.apps.test_nbgrader_generate_feedback",
    "nbgrader.tests.test_validator",
)
SECONDS = 1800


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    stock = _stock(options.fresh, options.k)
    ours = run(ours=True, expression=options.k)
    lost = sorted(name for name, outcome in stock.items() if outcome == "passed" and ours.get(name) != "passed")
    report = {
        "schema": 1,
        "nbgrader": version("nbgrader"),
        "stock": dict(sorted(Counter(stock.values()).items())),
        "ours": dict(sorted(Counter(ours.values()).items())),
        "lost": lost,
        "gained": sorted(n for n, o in ours.items() if o == "passed" and stock.get(n) == "failed"),
    }
    print(json.dumps(report, indent=2) if options.json else _told(report))
    return 1 if lost else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--fresh", action="store_true", help="run stock nbgrader again instead of using its last results"
    )
    parser.add_argument("-k", default="", help="only tests that match, as in pytest; nothing is kept")
    return parser.parse_args(arguments)


def _stock(fresh: bool, expression: str) -> dict[str, str]:
    """Outcomes with stock nbgrader; kept for each version."""
    if expression:
        return run(ours=False, expression=expression)
    kept = CACHE / f"stock-{version('nbgrader')}.json"
    if fresh or not kept.is_file():
        outcomes = run(ours=False)
        CACHE.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(outcomes, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    outcomes = json.loads(kept.read_text(encoding="utf-8"))
    return {str(name): str(outcome) for name, outcome in outcomes.items()}


def run(ours: bool, expression: str = "") -> dict[str, str]:
    """One run of the suites in a process and an empty folder of its own: test to outcome."""
    print(f"{'our' if ours else 'stock'} executor: running {len(SUITES)} suites ...", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "--pyargs", *SUITES, "-q", "-p", "no:cacheprovider"]
        command += [f"--junitxml={report}", *(["-k", expression] if expression else [])]
        if ours:
            command += ["-p", "tests.conformance.swap"]
        done = subprocess.run(
            command, cwd=folder, env=_environment(folder), stdout=sys.stderr, timeout=SECONDS, check=False
        )
        if not report.is_file():
            raise SystemExit(f"conformance: pytest ended with {done.returncode} and wrote no report.")
        return _outcomes(report)


def _environment(folder: str) -> dict[str, str]:
    """nbgrader's tests call `alembic` by name; the swapped executor is imported from here."""
    scripts = str(Path(sys.executable).parent)
    paths = {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **paths, "HOME": folder, "JUPYTER_PLATFORM_DIRS": "0"}


def _outcomes(report: Path) -> dict[str, str]:
    outcomes = {}
    for case in ET.parse(report).iter("testcase"):
        tags = {child.tag for child in case}
        outcome = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
        outcomes[f"{case.get('classname')}::{case.get('name')}"] = outcome
    return outcomes


def _told(report: dict[str, object]) -> str:
    lines = [f"nbgrader {report['nbgrader']}"]
    for who in ("stock", "ours"):
        counts = report[who]
        assert isinstance(counts, dict)
        lines.append(f"  {who:<6}" + ", ".join(f"{number} {outcome}" for outcome, number in counts.items()))
    for kind, words in (("lost", "pass with stock, not with ours"), ("gained", "pass with ours, not with stock")):
        names = report[kind]
        assert isinstance(names, list)
        lines += [f"  {len(names)} {words}", *(f"    {name}" for name in names)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
