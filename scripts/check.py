"""Check lint, format and types; `scripts/check --fix` first repairs lint and format."""

import sys

from environment import become, call, prepare_environment

python = str(prepare_environment("dev"))
if sys.argv[1:2] == ["--fix"]:
    call(python, "-m", "ruff", "check", "--fix", ".")
    call(python, "-m", "ruff", "format", ".")
call(python, "-m", "ruff", "check", ".")
call(python, "-m", "ruff", "format", "--check", ".")
become(python, "-m", "pyright")
