#!/bin/sh
# Makes .venv with the given extras installed (scripts/venv.sh build,test). Needs Python >= 3.11 with venv and pip.
set -eu
extras=$1
venv=${VENV:-.venv}

python=
for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Missing: Python 3.11 or newer (Debian: apt install python3 python3-venv)" >&2
    exit 1
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "Missing: venv and pip of $python (Debian: apt install python3-venv)" >&2
    exit 1
fi

# A venv whose interpreter is gone, or that was moved, is made anew.
if ! "$venv/bin/python" -c 'import sys; sys.exit(sys.prefix == sys.base_prefix)' 2>/dev/null; then
    echo "Making $venv"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
echo "Installing Tocsin into $venv (a minute the first time)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$extras]"
