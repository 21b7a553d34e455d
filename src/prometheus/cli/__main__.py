"""``python -m prometheus.cli`` is the command line."""

from prometheus.cli.app import main

main()
