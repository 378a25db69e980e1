"""Checks the dashboard's page in Chromium against the stub: nothing outside is asked for, nothing of the data becomes markup,
contrast, landmarks, headings, labels, no sideways scrolling, keyboard, pause and resume, new reloads.

    .build-browser/venv/bin/python Tests/Browser/dashboard/check_page.py [--screenshots FOLDER]

Needs a Chromium, which CHROMIUM may name, and the driver of ../requirements.txt.
"""

import argparse
import os
import pathlib
import shutil
import sys

import stub_server
from playwright.sync_api import sync_playwright

CONTRAST = """() => {
  const canvas = document.createElement('canvas'); canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const over = (colors) => { context.clearRect(0, 0, 1, 1); for (const color of colors) { context.fillStyle = color; context.fillRect(0, 0, 1, 1); } return [...context.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let checked = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('noscript, title, .unseen') || !element.checkVisibility()) continue;
    const backs = [];
    for (let e = element; e; e = e.parentElement) backs.unshift(getComputedStyle(e).backgroundColor);
    const back = over(['#fff', ...backs]);
    const front = over([`rgb(${back.slice(0, 3)})`, getComputedStyle(element).color]);
    const [high, low] = [light(back), light(front)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    checked++;
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${element.tagName}.${element.className} "${walker.currentNode.data.trim().slice(0, 40)}"`);
  }
  return { found: [...new Set(found)], checked };
}"""

STRUCTURE = """() => {
  const problems = [];
  for (const tag of ['header', 'main', 'footer', 'h1']) if (document.querySelectorAll(`body ${tag}`).length !== 1) problems.push(`there must be one ${tag}`);
  for (const nav of document.querySelectorAll('nav')) if (!nav.getAttribute('aria-label')) problems.push('a nav without a label');
  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
    if (!heading.checkVisibility()) continue;
    const next = Number(heading.tagName[1]);
    if (next > level + 1) problems.push(`heading ${heading.textContent} jumps from ${level} to ${next}`);
    level = next;
  }
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  if (new Set(ids).size !== ids.length) problems.push('an id is there twice');
  for (const e of document.querySelectorAll('[aria-labelledby]')) if (!document.getElementById(e.getAttribute('aria-labelledby'))) problems.push('aria-labelledby leads nowhere');
  for (const table of document.querySelectorAll('table')) {
    if (!table.querySelector('th[scope=col]')) problems.push('a table without heads');
    const widths = new Set([...table.rows].map((row) => row.cells.length));
    if (widths.size > 1) problems.push(`a table with rows of ${[...widths]} cells`);
  }
  for (const input of document.querySelectorAll('input')) if (!input.labels.length) problems.push(`input ${input.id} without a label`);
  for (const image of document.querySelectorAll('[role=img]')) if (!image.getAttribute('aria-label')) problems.push('an image without a text');
  for (const button of document.querySelectorAll('button, summary')) if (!button.textContent.trim()) problems.push('a button without a text');
  for (const e of document.querySelectorAll('[style]')) problems.push(`an inline style at ${e.tagName}`);
  for (const e of document.querySelectorAll('main img, main script, main b img, [onerror]')) problems.push(`markup from data: ${e.outerHTML}`);
  if (!document.querySelector('[aria-live=polite]')) problems.push('nothing is announced');
  return problems;
}"""

failures = []
passed = []


def check(condition, text):
    print(("ok    " if condition else "FAIL  ") + text)
    (passed if condition else failures).append(text)


def opened(browser, url, scheme, width, height, scenario):
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    page.said = []
    page.asked = []
    page.on("console", lambda message: page.said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("dialog", lambda dialog: (page.said.append("a dialog"), dialog.dismiss()))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(url)
    page.locator("#link", has_text="live").wait_for()
    page.locator("#reload-none" if scenario == "empty" else ".reload").first.wait_for()
    return page


def check_look(browser, url, scenario, folder):
    for scheme in ("light", "dark"):
        for width, height in ((1600, 1000), (1080, 900), (700, 900), (380, 800), (360, 740)):
            name = f"{scenario}, {scheme}, {width} wide"
            page = opened(browser, url, scheme, width, height, scenario)
            page.evaluate("for (const details of [...document.querySelectorAll('.reload')].slice(0, 12)) details.open = true")
            if page.locator("#template-list button").count():
                page.locator("#template-list button", has_text="layout").click()
            contrast = page.evaluate(CONTRAST)
            check(contrast["checked"] > 40 and not contrast["found"], f"{name}: contrast of {contrast['checked']} texts {contrast['found'][:5]}")
            problems = page.evaluate(STRUCTURE)
            check(not problems, f"{name}: structure {problems[:5]}")
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            check(wide == 0, f"{name}: no sideways scrolling ({wide} px)")
            check(not page.said, f"{name}: the console is quiet {page.said[:3]}")
            foreign = [asked for asked in page.asked if not asked.startswith(url.split("/_hotreload")[0]) and not asked.startswith("data:")]
            check(not foreign, f"{name}: nothing is asked elsewhere {foreign[:3]}")
            if folder:
                page.evaluate("scrollTo(0, 0)")
                page.screenshot(path=str(folder / f"{scenario}-{scheme}-{width}.png"), full_page=True)
            page.context.close()


def check_use(browser, url):
    page = opened(browser, url, "light", 1400, 900, "degraded")
    page.keyboard.press("Tab")
    check(page.evaluate("document.activeElement.className") == "skip", "the first tab stop skips to the reloads")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    check(outline not in ("none", ""), "the focus is visible")
    second = page.locator(".reload > summary").nth(1)
    second.focus()
    page.keyboard.press("Enter")
    check(page.locator(".reload").nth(1).get_attribute("open") is not None, "a reload opens by keyboard")
    before = page.locator("#generation").inner_text()
    page.get_by_role("button", name="Reload now").click()
    page.locator("#announcement", has_text="generation").wait_for(state="attached")
    check(page.locator("#generation").inner_text() != before, "a new generation shows by itself")
    check(page.evaluate("document.activeElement.tagName") in ("BUTTON", "BODY"), "and takes no focus to elsewhere")
    check(page.locator(".reload").nth(2).get_attribute("open") is not None, "what was open stays open")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Resume").wait_for()
    check("Paused" in page.locator("#state").inner_text(), "a pause shows")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_label("Filter").first.fill("img src")
    button = page.locator("#template-list button")
    check(button.count() == 1 and "<img src=x onerror=alert(1)>" in button.inner_text(), "a template with markup as its name is text")
    button.press("Enter")
    check("is not there" in page.locator("#template-detail").inner_text(), "a missing partial is named")
    check(page.evaluate("document.activeElement.dataset.path ?? ''").startswith("templates/pages/<img"), "the keyboard stays on the template")
    page.get_by_label("Filter").first.fill("loop/a")
    page.locator("#template-list button", has_text="loop/a").click()
    check("loop/b" in page.locator("#template-detail").inner_text(), "templates that include each other end")
    check(not page.said, f"the console is quiet {page.said[:3]}")
    page.context.close()


def check_loss(browser):
    server = stub_server.start("healthy")
    port = server.server_port
    page = opened(browser, f"http://127.0.0.1:{port}/_hotreload/", "light", 1400, 900, "healthy")
    page.route("**/_hotreload/dashboard*", lambda route: route.abort())
    page.get_by_role("button", name="Reload now").click()
    page.locator("#failure:visible").wait_for()
    check("reach" in page.locator("#failure").inner_text(), "a lost server is said")
    page.unroute("**/_hotreload/dashboard*")
    page.locator("#failure").wait_for(state="hidden", timeout=15_000)
    check(True, "and taken back when it answers")
    page.context.close()
    server.shutdown()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", default=shutil.which(os.environ.get("CHROMIUM", "chromium")))
    parser.add_argument("--screenshots", type=pathlib.Path)
    options = parser.parse_args()
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for scenario in ("degraded", "healthy", "empty"):
            server = stub_server.start(scenario)
            url = f"http://127.0.0.1:{server.server_port}/_hotreload/"
            check_look(browser, url, scenario, options.screenshots)
            if scenario == "degraded":
                check_use(browser, url)
            server.shutdown()
        check_loss(browser)
        browser.close()
    print(f"{len(passed)} of {len(passed) + len(failures)} checks passed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
