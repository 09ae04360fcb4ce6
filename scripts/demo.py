"""Install framecolor into .venv and paint the embedded demo shot; options go to `framecolor demo`."""

import sys

from environment import become, prepare_environment

become(str(prepare_environment()), "-m", "framecolor", "demo", *sys.argv[1:])
