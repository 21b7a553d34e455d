"""``python -m prometheus`` is the command line."""

from prometheus.cli.app import main

main()
