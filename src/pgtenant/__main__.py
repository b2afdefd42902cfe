"""`python -m pgtenant`."""

import sys

from pgtenant.cli import main

if __name__ == "__main__":
    sys.exit(main())
