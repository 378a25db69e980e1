# Sourced by the scripts beside this folder: where the repository is, and how they speak.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$repository"

# Long output goes here; a step that fails shows the part of it that matters.
logs="$repository/.build-logs"

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'scripts/%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# run_logged NAME COMMAND…: runs a command with its output in a log, which is shown if the command fails.
run_logged() {
  local log="$logs/$1.log"
  shift
  mkdir -p "$logs"
  if ! "$@" >"$log" 2>&1 </dev/null; then
    grep -E '(error|warning):' "$log" | sort -u | head -n 40 >&2 || true
    tail -n 40 "$log" >&2
    fail "failed: $* (everything it said is in ${log#"$repository"/})"
  fi
}

# Our own Swift sources, without anything a build made.
swift_files() {
  local folders=(Package.swift Sources Tests Examples)
  if [ -d Benchmarks ]; then folders+=(Benchmarks); fi
  find "${folders[@]}" \
    -name '.*' -prune -o -name '*.swift' -type f -print
}

need_swift() {
  command -v swift >/dev/null 2>&1 || fail "swift is not installed; see https://www.swift.org/install"
}

# The libraries that a build needs beside Swift, those that are missing, as Debian's packages.
missing_libraries() {
  # Assets are compressed by the system's zlib, which the HTTP packages need as well.
  [ -e /usr/include/zlib.h ] || echo zlib1g-dev
  # The fleet's store of one host.
  [ -e /usr/include/sqlite3.h ] || echo libsqlite3-dev
}

need_libraries() {
  local missing
  # shellcheck disable=SC2207
  missing=($(missing_libraries))
  if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
}

# install_packages PACKAGE…: installs Debian's packages, as root or with sudo.
install_packages() {
  local as_root=()
  command -v apt-get >/dev/null 2>&1 || fail "please install what is missing: $*"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || fail "please install what is missing: $*"
    as_root=(sudo -n)
  fi
  say "installing $*"
  run_logged apt-update "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update
  run_logged apt-install "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends "$@"
}
