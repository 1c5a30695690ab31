"""The audit of a database: its own audit, and what its last signed checkpoint says of it.

Must not be known here: terminals, SQL, how a case is judged.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.inbound.audit.bundle import Anchor, Progress, audit_bundle, silent
from adapters.inbound.bundle_file import unpack
from engine import Engine, Report, Tally


def audit_database(
    engine: Engine, anchor: Anchor, *, jobs: int = 1, progress: Progress = silent, tally: Tally | None = None
) -> Report:
    """The verdict on a database, held against its last checkpoint. Entries that came after it are counted apart.

    It takes room for the whole log among the temporary files. Raises NoCheckpoint, NotAudited, StoreUnavailable and
    OSError.
    """
    with TemporaryDirectory(prefix="gongdan-audit-") as name:
        folder = Path(name) / "bundle"
        unpack(engine.as_signed(), folder)
        report = audit_bundle(folder, anchor, jobs=jobs, progress=progress, ours=True)
    report.join(engine.audit(tally, report.findings))
    return report
