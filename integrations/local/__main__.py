"""`python -m integrations.local`: see `run`."""

import sys

from integrations.local.run import main

sys.exit(main(sys.argv[1:]))
