"""`python -m worker`."""

import sys

from worker.commands import main

sys.exit(main(sys.argv[1:]))
