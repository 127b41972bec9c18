#!/bin/sh
# test_safetensors.py with the Python packages it can do without, in an environment of their own.
# Usage: tests/files/with_packages.sh BUILD_FOLDER
set -eu
here=$(dirname "$0")
environment=$1/venv-safetensors
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -c 'import safetensors.numpy, xxhash' 2>/dev/null ||
    "$environment/bin/python" -m pip install -q safetensors numpy xxhash
exec "$environment/bin/python" -B "$here/test_safetensors.py" "$1/tests/files/sample-file" "$here/../tool"
