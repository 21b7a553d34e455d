"""One backtest in a process of its own: ``python -m benchmarks.one_run`` reads its specification as JSON.

Prints what it took and the most memory that the process ever held, as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time


def main() -> None:
    """Run the specification on standard input."""
    start = time.perf_counter()
    from prometheus.backtest import spec_of
    from prometheus.bootstrap import run_backtest
    from prometheus.store.settings import settings_from_environment

    record = run_backtest(settings_from_environment(), spec_of(json.load(sys.stdin), where="standard input"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    said = {
        "seconds": time.perf_counter() - start,
        "peak_bytes": peak * unit,
        "n_rows": sum(record.written.values()),
    }
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
