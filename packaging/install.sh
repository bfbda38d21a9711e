#!/bin/sh
# Installs the keeper and its plugins into a virtual environment: only what the lock files name, by hash, and wheels
# built from this tree. For systemd/README.md and the Containerfile.
#
#   packaging/install.sh FOLDER [PYTHON]
set -eu

into=${1:?"usage: packaging/install.sh FOLDER [PYTHON]"}
python=${2:-python3}
here=$(cd "$(dirname "$0")/.." && pwd)
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed" >&2; exit 1; }
if [ -e "$into" ]; then
  echo "$into is there already; name a new folder, and move over once it works" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_QUIET=1

"$python" -m venv "$work/build"
"$work/build/bin/pip" install --require-hashes -r "$here/requirements/build.txt"
for part in "$here" "$here"/plugins/[a-z]*/; do
  "$work/build/bin/pip" wheel --no-deps --no-build-isolation --wheel-dir "$work/wheels" "$part"
done

"$python" -m venv "$into"
"$into/bin/pip" install --require-hashes -r "$here/requirements/run.txt"
"$into/bin/pip" install --no-deps --no-index "$work"/wheels/*.whl
"$into/bin/keeper" --version
