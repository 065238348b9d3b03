#!/bin/sh
# Makes .venv from a lock file and installs the project into it: bootstrap.sh LOCK STAMP
# With uv when it is on PATH, else with venv and pip. PYTHON names the interpreter to use.
set -eu
lock=$1 stamp=$2
python=${PYTHON:-}
if [ -z "$python" ]; then
  for name in python3 python3.13 python3.12 python3.11 python; do
    if command -v "$name" >/dev/null 2>&1 && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      python=$name
      break
    fi
  done
fi
if [ -z "$python" ]; then
  echo "Python 3.11 or later is needed and was not found. Install it, or name it: make PYTHON=/path/to/python3 ..." >&2
  exit 1
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "$python is older than Python 3.11. Name a newer one: make PYTHON=/path/to/python3 ..." >&2
  exit 1
}
echo "setting up .venv from $lock (once; about a minute)"
if command -v uv >/dev/null 2>&1; then
  [ -x .venv/bin/python ] || uv venv --quiet --python "$python" .venv
  uv pip install --quiet --python .venv/bin/python --compile-bytecode --require-hashes --requirement "$lock"
  uv pip install --quiet --python .venv/bin/python --no-build-isolation --no-deps --editable .
else
  if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "Python's venv or ensurepip is missing. On Debian or Ubuntu: apt-get install python3-venv" >&2
    exit 1
  fi
  [ -x .venv/bin/pip ] || "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
fi
touch "$stamp"
