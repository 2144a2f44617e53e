#!/bin/sh
# Makes the virtual environment $1 with PYTHON, else with the first Python from 3.11 on that can make one.
set -eu
folder=$1

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

makes_venvs() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

found="" bare=""
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python /usr/local/bin/python3 /usr/bin/python3}; do
    if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
        bare=$candidate
        if makes_venvs "$candidate"; then
            found=$candidate
            break
        fi
    fi
done
if [ -z "$bare" ]; then
    echo "WebSignal needs Python 3.11 or newer, and found none${PYTHON:+ at PYTHON=$PYTHON}." >&2
    echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make run PYTHON=/path/to/python3.12" >&2
    exit 1
fi
if [ -z "$found" ]; then
    echo "$bare cannot make virtual environments: its modules venv and ensurepip are missing." >&2
    echo "Install them (Debian, Ubuntu: apt-get install python3-venv), then run make again." >&2
    exit 1
fi
echo "Making a virtual environment in $folder with $("$found" --version) ..."
trap 'rm -rf "$folder"' EXIT INT TERM
"$found" -m venv "$folder"
trap - EXIT INT TERM
