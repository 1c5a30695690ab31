"""`python -m adapters.inbound.cli`."""

from adapters.inbound.cli import main

main()
