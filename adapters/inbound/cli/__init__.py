"""The command line: `gongdan`, or `python -m adapters.inbound.cli`.

Exit codes: 0 done · 1 error · 2 usage · 3 refused or findings · 130 interrupted. With `--json` exactly one JSON
document is printed on stdout, also for an error: `{"error": {"type", "zh", "en"}}`. Without it errors are one line on
stderr.
"""

from adapters.inbound.cli.app import app, main

__all__ = ["app", "main"]
