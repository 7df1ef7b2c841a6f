# SPDX-License-Identifier: LGPL-3.0-only
# The Python environment under .local/venv. Variables:
#   PYTHON      interpreter to build it with (default: python3)
#   RECALL_DEV  0 leaves out the tools for tests, lint and demo
#   RECALL_BENCH  1 adds the peers that benchmarks compare with

install_python_environment() {
  local python=${PYTHON:-python3} venv=$local_dir/venv place key
  local files=("$root/requirements.txt")
  [[ ${RECALL_DEV:-1} == 0 ]] || files+=("$root/requirements-dev.txt")
  [[ ${RECALL_BENCH:-0} == 0 ]] || files+=("$root/requirements-bench.txt")
  "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null ||
    die "$python is not Python 3.11, 3.12 or 3.13: set PYTHON to one that is"
  # Programs in an environment hold its path: a moved checkout needs a new one.
  place=$({ "$python" -VV; echo "$root"; } | digest)
  key=$({ echo "$place"; cat "${files[@]}"; } | digest)
  stamped python "$key" && "$venv/bin/python" -c '' 2>/dev/null && return 0
  say "bringing the Python environment up to date"
  rm -f "$stamps/python"
  if ! stamped venv "$place" || ! "$venv/bin/python" -c '' 2>/dev/null; then
    "$python" -m venv --clear "$venv" || die "$python cannot make a virtual environment: install python3-venv"
    stamp venv "$place"
  fi
  retry "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
    "${files[@]/#/--requirement=}" >"$local_dir/pip.log" 2>&1 ||
    die "pip could not install the requirements: check the network and pip's settings (see $local_dir/pip.log)"
  stamp python "$key"
}
