"""Install what the tests need and run them with two workers; options go to pytest.

-n 0 runs them without workers, --full at full size.
"""

import sys

from environment import become, prepare_environment

# worksteal: each worker gets whole modules, so that their fixtures are made once, until the other worker is idle.
become(str(prepare_environment("test")), "-m", "pytest", "-n", "2", "--dist", "worksteal", *sys.argv[1:])
