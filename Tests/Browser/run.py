#!/usr/bin/env python3
"""Proves the browser's side of live reload in a real Chromium: one line a check, exit code 1 if one fails.

    Tests/Browser/run.py                              the client alone, against a stub of the server
    Tests/Browser/run.py --serve .build/debug/hotreload    the same checks against the real server
    Tests/Browser/run.py --only overlay               checks whose sentence or function holds a word
    Tests/Browser/run.py --screenshots FOLDER         the overlay, light and dark, wide and narrow

Needs a Chromium (Debian: apt-get install chromium; CHROMIUM may name another) and the driver of requirements.txt. scripts/test
installs both, the driver in .build-browser/venv, whose bin/python is then to be used.
"""

import argparse
import os
import shutil
import sys
import time
import traceback

UNAVAILABLE = 69  # EX_UNAVAILABLE: what the checks need is not on this machine


def chromium():
    for name in (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"):
        found = name and shutil.which(name)
        if found:
            return found
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", metavar="PROGRAM", help="the hotreload program to check instead of the stub")
    parser.add_argument("--only", metavar="WORD", default="")
    parser.add_argument("--screenshots", metavar="FOLDER")
    options = parser.parse_args()

    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("The browser's driver is missing: use .build-browser/venv/bin/python, which scripts/test makes", file=sys.stderr)
        return UNAVAILABLE
    program = chromium()
    if not program:
        print("No Chromium was found: apt-get install chromium, or set CHROMIUM to its path", file=sys.stderr)
        return UNAVAILABLE

    import checks
    from sites import ServedSite, StubSite
    from workspace import FILES

    kind = StubSite
    if options.serve:
        kind = ServedSite
        ServedSite.command = options.serve
    failures = passed = 0
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for sentence, stub_only, function in checks.CHECKS:
            if stub_only and kind is not StubSite:
                continue
            if options.only.lower() not in f"{sentence} {function.__name__}".lower():
                continue
            site, context = kind(FILES), browser.new_context()
            started = time.monotonic()
            try:
                site.start()
                function(site, context)
                passed += 1
                print(f"ok    {sentence} ({time.monotonic() - started:.1f} s)", flush=True)
            except Exception as error:
                failures += 1
                print(f"FAIL  {sentence}", flush=True)
                where = traceback.extract_tb(error.__traceback__)
                line = next((one.lineno for one in reversed(where) if one.name == function.__name__), "?")
                print(f"      checks.py:{line}: {str(error).splitlines()[0] if str(error) else error!r}", flush=True)
            finally:
                context.close()
                site.close()
        if options.screenshots and kind is StubSite:
            site = StubSite(FILES)
            try:
                site.start()
                checks.screenshots(site, browser, options.screenshots)
                print(f"The screenshots are in {options.screenshots}")
            finally:
                site.close()
        browser.close()
    print(f"{passed} of {passed + failures} checks passed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
