"""Hold what is installed against the published vulnerabilities: `python .ci/audit.py`, a step of CI.

Fails on a vulnerability that audit-exceptions.txt beside this does not explain. Where the service that knows them does not
answer, it says so and lets the build go on: that is no fault of the code.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

EXCEPTIONS = Path(__file__).with_name("audit-exceptions.txt")


class Accepted(NamedTuple):
    """A line of the exceptions."""

    vulnerability: str
    package: str
    looked_at: datetime.date
    again_by: datetime.date
    why: str


def exceptions(text: str) -> list[Accepted]:
    """The lines of the file. Raises ValueError for one that does not say all."""
    found = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, package, looked_at, again_by, why = (part.strip() for part in line.split("|", 4))
            if not why:
                raise ValueError(f"{name} has no reason")
            day = datetime.date.fromisoformat
            found.append(Accepted(name, package, day(looked_at), day(again_by), why))
    return found


def judged(report: dict[str, Any], accepted: list[Accepted], today: datetime.date) -> tuple[list[str], int]:
    """What to say of pip-audit's report, and how to exit."""
    packages = report["dependencies"]
    known = [package for package in packages if "vulns" in package]
    said = []
    if len(known) < len(packages) / 2:
        said.append(
            f"NOT AUDITED: the vulnerability service answered for {len(known)} of {len(packages)} packages. "
            "Run this again where pypi.org can be reached."
        )
    else:
        said.append(f"Audited {len(known)} of {len(packages)} packages.")
    failed = False
    met = set()
    for package in known:
        for vulnerability in package["vulns"]:
            names = {vulnerability["id"], *vulnerability.get("aliases", [])}
            exception = next(
                (one for one in accepted if one.vulnerability in names and one.package == package["name"]), None
            )
            if exception:
                met.add(exception)
                said.append(f"Accepted {exception.vulnerability} in {package['name']}: {exception.why}")
            else:
                failed = True
                fixed = ", ".join(vulnerability.get("fix_versions", [])) or "none yet"
                said.append(
                    f"VULNERABLE: {package['name']} {package['version']}: {vulnerability['id']}; fixed in: {fixed}"
                )
    for one in accepted:
        if one.again_by < today:
            said.append(f"REMINDER: look at {one.vulnerability} again; that was due on {one.again_by}.")
        if len(known) == len(packages) and one not in met:
            said.append(f"REMINDER: {one.vulnerability} is not reported any more; its line can go.")
    return said, int(failed)


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--timeout", "20"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        report = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        print("NOT AUDITED: the vulnerability service did not answer. Run this again where pypi.org can be reached.")
        return 0
    said, code = judged(report, exceptions(EXCEPTIONS.read_text("utf-8")), datetime.datetime.now(datetime.UTC).date())
    print("\n".join(said))
    return code


if __name__ == "__main__":
    sys.exit(main())
