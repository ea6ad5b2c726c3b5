"""``python -m stepup_mfa``: the command, where the script is not on the PATH."""

import sys

from stepup_mfa.main import main

sys.exit(main())
