#!/bin/sh
# Pins every dependency for Python 3.11 and later, with hashes and without any host name. Needs uv.
set -eu
cd "$(dirname "$0")/.."
pin() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header "$@"; }
pin pyproject.toml --extra lab --extra nbval --extra sources --extra build --output-file requirements.lock
pin pyproject.toml --extra lab --extra nbval --extra sources --extra build --extra dev --constraint requirements.lock --output-file requirements-dev.lock
python3 tools/environment.py
