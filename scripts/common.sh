# What every script here shares; sourced, never run. It moves to the repository root.
# Messages go to standard error: the standard output of a script belongs to the program that it starts.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT="$(pwd -P)"
VENV="$ROOT/.venv"
STARTED="$(date +%s)"
NODE_AT_LEAST=20

# eth-hash takes the slow back end unless this is set before the first import.
[[ "$(uname -s)" == Linux ]] && export ETH_HASH_BACKEND="${ETH_HASH_BACKEND:-pysha3}"
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%s\n' "$*" >&2; }

step() { printf '[%4ds] %s\n' "$(($(date +%s) - STARTED))" "$*" >&2; }

die() { # what is wrong, what to do
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    [[ $# -gt 1 ]] && printf '  %s\n' "${@:2}" >&2
    exit 1
}

# --- Python -----------------------------------------------------------------------------------------------------

# A name on PATH proves nothing (a version manager's shim may exist and fail), so every candidate is run.
is_usable_python() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' > /dev/null 2>&1
}

has_venv() {
    "$1" -c 'import ensurepip, venv' > /dev/null 2>&1
}

python_candidates() {
    [[ -n "${PYTHON:-}" ]] && printf '%s\n' "$PYTHON"
    printf '%s\n' python3 python3.13 python3.12 python3.11 python
    local pattern
    for pattern in "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.1"{3,2,1}*/bin/python \
        /usr/local/bin/python3.1{3,2,1} /opt/homebrew/bin/python3.1{3,2,1} /usr/bin/python3.1{3,2,1}; do
        [[ -x "$pattern" ]] && printf '%s\n' "$pattern"
    done
    return 0
}

find_python() {
    local candidate without_venv=""
    if [[ -n "${PYTHON:-}" ]] && ! is_usable_python "$PYTHON"; then
        die "PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13" "unset PYTHON, or point it at one"
    fi
    while read -r candidate; do
        is_usable_python "$candidate" || continue
        if has_venv "$candidate"; then
            command -v "$candidate"
            return 0
        fi
        without_venv="$candidate"
    done < <(python_candidates)
    if [[ -n "$without_venv" ]]; then
        die "$without_venv has no venv and pip modules" \
            "install them (on Debian and Ubuntu: apt-get install python3-venv) and run this again"
    fi
    die "no Python 3.11, 3.12 or 3.13 found" \
        "install one with its venv module, or name it: PYTHON=/path/to/python3.12 $0"
}

find_uv() {
    if [[ -x "$VENV/bin/uv" ]]; then printf '%s\n' "$VENV/bin/uv"; else command -v uv; fi
}

# --- Node and the contract tools ----------------------------------------------------------------------------------

# Prints what is missing, and nothing where Node and npm will do.
missing_node() {
    local version
    command -v node > /dev/null 2>&1 || { printf 'Node %s or newer is not on PATH' "$NODE_AT_LEAST"; return; }
    version="$(node --version 2> /dev/null)" || { printf 'node is on PATH but does not run'; return; }
    version="${version#v}"
    [[ "${version%%.*}" -ge "$NODE_AT_LEAST" ]] ||
        { printf 'Node %s or newer is needed, %s was found' "$NODE_AT_LEAST" "$version"; return; }
    npm --version > /dev/null 2>&1 || printf 'npm is missing beside Node'
}

# forge, anvil and cast come with npm on Linux x64; elsewhere they are taken from PATH.
find_contract_tool() {
    local bundled="$ROOT/contracts/node_modules/.bin/$1"
    if "$bundled" --version > /dev/null 2>&1; then printf '%s\n' "$bundled"; else command -v "$1"; fi
}

# --- Stamps: written last, so that a killed run is seen as unfinished ------------------------------------------------

hash_of() {
    cat "$@" | "${HASHER[@]}" | cut -c 1-64
}
if command -v sha256sum > /dev/null 2>&1; then HASHER=(sha256sum); else HASHER=(shasum -a 256); fi

is_stamped() { # stamp file, expected content
    [[ -f "$1" && "$(cat "$1")" == "$2" ]]
}

stamp() {
    printf '%s\n' "$2" > "$1.new"
    mv "$1.new" "$1"
}
