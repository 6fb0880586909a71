"""``python -m sksiamese``."""

import sys

from sksiamese._cli import main

if __name__ == "__main__":
    sys.exit(main())
