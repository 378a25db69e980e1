# Sourced after common.bash by the scripts that drive a browser: Chromium is the system's, its driver is in a virtual
# environment of its own, for systems' Pythons are managed by their packages.

browser_environment="$repository/.build-browser/venv"
browser_python="$browser_environment/bin/python"

# find_chromium: prints the path of the browser; CHROMIUM wins.
find_chromium() { command -v "${CHROMIUM:-chromium}" || command -v chromium-browser || command -v google-chrome; }

# install_driver FILE…: installs what requirements files name, unless that was done.
install_driver() {
  local file stamp
  for file in "$@"; do
    stamp="$browser_environment/$(dirname "$file" | tr / -).txt"
    if cmp -s "$file" "$stamp"; then continue; fi
    say "installing what $file names in ${browser_environment#"$repository"/}"
    run_logged browser-venv python3 -m venv "$browser_environment"
    run_logged browser-driver "$browser_python" -m pip install --disable-pip-version-check -r "$file"
    cp "$file" "$stamp"
  done
}

# need_browser: the browser and its driver, or what to type to have them.
need_browser() {
  find_chromium >/dev/null ||
    fail "there is no Chromium here. Debian, Ubuntu: sudo apt-get install chromium; or set CHROMIUM to its path"
  if [ ! -x "$browser_python" ] || ! "$browser_python" -c 'import playwright' 2>/dev/null; then
    fail "the browser's driver is not installed. This installs it:
  sudo apt-get install python3-venv && python3 -m venv ${browser_environment#"$repository"/} &&
    ${browser_python#"$repository"/} -m pip install -r Tests/Browser/requirements.txt
(scripts/test does that, too)"
  fi
}
