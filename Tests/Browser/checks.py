"""What is promised, each as something that a person would see. See run.py for how they are run."""

import json
import pathlib
import re
import time

from playwright.sync_api import Error

from sites import DEADLINE
from workspace import png

CHECKS = []
POLL = 10  # milliseconds between two looks at what is waited for
INDEX = "templates/pages/index.mustache"


def check(sentence, stub_only=False):
    def add(function):
        CHECKS.append((sentence, stub_only, function))
        return function
    return add


class Tab:
    """A tab of the browser: a page that was not navigated away from since `open`, as `assert_same_page` proves."""

    def __init__(self, site, context, path="/", connects=True):
        self.site, self.path = site, path
        self.page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.console = []
        self.errors = []
        self.page.on("console", lambda message: self.console.append((message.type, message.text)))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.add_init_script(PROBE)
        self.page.goto(site.url + path)
        if connects:
            self.connected()
        self.page.evaluate("window.marker = 1")

    def connected(self):
        self.wait("window.connects > 0")

    def wait(self, expression):
        """Until a JavaScript expression is true, or the check fails.

        Asked from outside: the driver's own way evaluates text in the page, which strict policies forbid.
        """
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                if self.value(expression):
                    return
            except Error as error:
                if "context was destroyed" not in str(error) and "navigat" not in str(error):
                    raise
            assert time.monotonic() < deadline, f"this did not come true: {expression}"
            self.page.wait_for_timeout(POLL)

    def says(self, text):
        """Until the console has a line with a text."""
        deadline = time.monotonic() + DEADLINE
        while not any(text in line for _, line in self.console):
            assert time.monotonic() < deadline, f"the console does not say {text!r}: {self.console}"
            self.page.wait_for_timeout(POLL)

    def value(self, expression):
        return self.page.evaluate(expression)

    def equal(self, expression, expected):
        found = self.value(expression)
        assert found == expected, f"{expression} is {found!r}, not {expected!r}"

    def assert_same_page(self):
        self.equal("window.marker", 1)
        self.equal("performance.getEntriesByType('navigation').length", 1)
        assert not self.errors, self.errors

    def text_is(self, selector, text):
        self.wait(f"document.querySelector({selector!r})?.textContent === {text!r}")

    def style_is(self, selector, name, value):
        self.wait(f"getComputedStyle(document.querySelector({selector!r})).{name} === {value!r}")

    def overlay(self):
        """The text of the overlay: its shadow root is closed, so it is asked of the probe."""
        return self.value("window.overlayText()")

    def overlay_shows(self, *texts):
        self.wait(f"{json.dumps(texts)}.every(text => window.overlayText().includes(text))")

    def overlay_is_gone(self):
        self.wait("window.overlayText() === ''")


# Sees what a page cannot: closed shadow roots, violations of its policy, and that the client connected.
PROBE = """
(() => {
  window.violations = [];
  window.connects = 0;
  window.roots = [];
  document.addEventListener('securitypolicyviolation', (event) =>
    window.violations.push([event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber].join(' ')));
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    if (this.localName === 'hotreload-overlay') window.roots.push(root);
    return root;
  };
  window.overlayText = () => window.roots.filter((one) => one.host.isConnected)
    .flatMap((one) => [...one.querySelectorAll('section')]).map((one) => one.textContent).join();
  window.noticeText = () => window.roots.filter((one) => one.host.isConnected)
    .flatMap((one) => [...one.querySelectorAll('output')]).map((one) => one.textContent).join();
  for (const name of ['WebSocket', 'EventSource']) {
    const Original = window[name];
    window[name] = class extends Original {
      constructor(...all) {
        super(...all);
        window.transport = name;
        this.addEventListener('message', (event) => JSON.parse(event.data).type === 'hello' && (window.connects += 1));
      }
    };
  }
})();
"""


@check("Typed text, focus, selection and what was chosen survive the edit of a template")
def typed_text(site, context):
    tab = Tab(site, context)
    page = tab.page
    page.check("[name=news]")
    page.check("[name=size][value=l]")
    page.fill("[name=text]", "my words")
    page.select_option("[name=fruit]", "p")
    page.select_option("[name=many]", ["x", "z"])
    page.fill(".unnamed", "unnamed text")
    page.fill("[name=name]", "typed text")
    page.evaluate("document.querySelector('[name=name]').setSelectionRange(2, 5, 'backward')")
    site.replace(INDEX, '<h1 id="title">Hello</h1>',
                 '<h1 id="title">Changed</h1><p>new</p><label>New <input name="fresh" value="f"></label>')
    tab.text_is("#title", "Changed")
    form = "document.querySelector('form')"
    tab.equal(f"{form}.elements.name.value", "typed text")
    tab.equal(f"{form}.elements.text.value", "my words")
    tab.equal(f"{form}.elements.news.checked", True)
    tab.equal(f"{form}.elements.size.value", "l")
    tab.equal(f"{form}.elements.fruit.value", "p")
    tab.equal(f"[...{form}.elements.many.selectedOptions].map(o => o.value)", ["x", "z"])
    tab.equal("document.querySelector('.unnamed').value", "unnamed text")
    tab.equal("document.activeElement.name", "name")
    tab.equal("(e => [e.selectionStart, e.selectionEnd, e.selectionDirection])(document.activeElement)",
              [2, 5, "backward"])
    tab.assert_same_page()


@check("Fields that nobody touched follow their new defaults; touched ones do not")
def defaults(site, context):
    tab = Tab(site, context)
    tab.page.fill("[name=name]", "mine")
    tab.page.check("[name=size][value=l]")
    text = site.read(INDEX).replace('value="default"', 'value="other"').replace('value="one"', 'value="two"')
    text = text.replace('name="news"', 'name="news" checked').replace('<option value="p"', '<option value="p" selected')
    text = text.replace('value="s" checked', 'value="s"').replace('value="m"', 'value="m" checked')
    site.write(INDEX, text.replace(">words<", ">new words<"))
    tab.wait("document.querySelector('[name=untouched]').value === 'two'")
    tab.equal("document.querySelector('[name=name]').value", "mine")
    tab.equal("document.querySelector('[name=news]').checked", True)
    tab.equal("document.querySelector('form').elements.size.value", "l")
    tab.equal("document.querySelector('[name=fruit]').value", "p")
    tab.equal("document.querySelector('[name=text]').value", "new words")
    tab.assert_same_page()


@check("A field moved into another element keeps its text and its focus")
def moved_field(site, context):
    tab = Tab(site, context)
    tab.page.fill("[name=name]", "typed")
    site.replace(INDEX, '<label>Name <input name="name" value="default"></label>',
                 '<fieldset><p><label class="wide">Name <input name="name" value="default"></label></p></fieldset>')
    tab.wait("document.querySelector('fieldset [name=name]')?.value === 'typed'")
    tab.equal("document.activeElement.name", "name")
    tab.equal("document.querySelectorAll('[name=name]').length", 1)
    tab.assert_same_page()


@check("Open details, scroll positions, canvases and frames stay")
def places(site, context):
    tab = Tab(site, context)
    tab.page.click("summary")
    tab.value("document.querySelector('#dialog').showModal()")
    tab.value("document.querySelector('#scroller').scrollTop = 120")
    tab.value("window.scrollTo(0, 400)")
    tab.value("document.querySelector('#frame').contentWindow.mark = 7")
    tab.value("document.querySelector('#canvas').getContext('2d').fillRect(0, 0, 9, 9)")
    site.write(INDEX, site.read(INDEX).replace("Details", "Other details").replace("Really?", "Sure?"))
    tab.text_is("#more p", "Other details")
    tab.equal("document.querySelector('#more').open", True)
    tab.equal("document.querySelector('#dialog:modal')?.textContent", "Sure?")
    tab.equal("document.querySelector('#scroller').scrollTop", 120)
    tab.equal("window.scrollY", 400)
    tab.equal("document.querySelector('#frame').contentWindow.mark", 7)
    tab.equal("document.querySelector('#canvas').getContext('2d').getImageData(3, 3, 1, 1).data[3]", 255)
    tab.assert_same_page()


@check("What scripts rendered, classes they set and edited text stay when another line is edited")
def scripted(site, context):
    tab = Tab(site, context)
    tab.value("document.querySelector('#widget').innerHTML = '<b>rendered</b>'")
    tab.value("document.documentElement.classList.add('dark')")
    tab.value("document.querySelector('#list').classList.add('open')")
    tab.value("document.querySelector('#list').dataset.state = 'open'")
    tab.value("document.querySelector('#kept').textContent = 'mine'")
    tab.value("document.body.append(Object.assign(document.createElement('aside'), { id: 'toast' }))")
    tab.page.fill("#editor", "edited by hand")
    text = site.read(INDEX).replace(">Hello<", ">Again<").replace(">kept<", ">not kept<")
    site.write(INDEX, text.replace(">edit me<", ">edit it<").replace('<ul id="list"', '<ul id="list" class="big"'))
    tab.text_is("#title", "Again")
    tab.equal("document.querySelector('#widget').innerHTML", "<b>rendered</b>")
    tab.equal("document.documentElement.className", "dark")
    tab.equal("document.querySelector('#list').className", "open big")
    tab.equal("document.querySelector('#list').dataset.state", "open")
    tab.equal("document.querySelector('#kept').textContent", "mine")
    tab.equal("document.querySelector('#editor').textContent", "edited by hand")
    tab.equal("Boolean(document.querySelector('#toast'))", True)
    tab.assert_same_page()


@check("Title, meta, attributes of the body and lists become those of the new page")
def head_and_lists(site, context):
    tab = Tab(site, context)
    text = site.read(INDEX).replace("First", "Second").replace('content="one"', 'content="two"')
    text = text.replace('class="plain"', 'class="fancy" data-x="1"')
    site.write(INDEX, text.replace("<li>one</li><li>two</li>", "<li>zero</li><li>two</li><li>three</li>"))
    tab.wait("document.title === 'Second'")
    tab.equal("document.querySelector('meta[name=description]').content", "two")
    tab.equal("[document.body.className, document.body.dataset.x]", ["fancy", "1"])
    tab.equal("[...document.querySelectorAll('#list li')].map(e => e.textContent)", ["zero", "two", "three"])
    site.write(INDEX, text.replace("<li>one</li><li>two</li>", ""))
    tab.wait("document.querySelectorAll('#list li').length === 0")
    tab.assert_same_page()


@check("A CSS edit changes the computed style with no navigation and no moment without a style")
def css(site, context):
    tab = Tab(site, context)
    tab.value("""() => {
        window.bare = 0;
        const look = () => {
          const { color } = getComputedStyle(document.querySelector('h1'));
          if (color !== 'rgb(1, 2, 3)' && color !== 'rgb(4, 5, 6)') window.bare += 1;
          requestAnimationFrame(look);
        };
        look();
    }""")
    site.replace("static/app.css", "rgb(1, 2, 3)", "rgb(4, 5, 6)")
    tab.style_is("h1", "color", "rgb(4, 5, 6)")
    tab.wait("document.querySelectorAll('link[rel=stylesheet]').length === 1")
    tab.equal("window.bare", 0)
    tab.assert_same_page()


@check("An imported style sheet's edit is seen")
def imported(site, context):
    tab = Tab(site, context)
    tab.style_is("footer", "color", "rgb(10, 20, 30)")
    site.replace("static/theme.css", "rgb(10, 20, 30)", "rgb(11, 21, 31)")
    tab.style_is("footer", "color", "rgb(11, 21, 31)")
    tab.assert_same_page()


@check("Of many quick saves of a style sheet the last is what is seen, in one link")
def quick_css(site, context):
    tab = Tab(site, context)
    for red in range(20, 60):
        site.write("static/app.css", f"h1 {{ color: rgb({red}, 0, 0); }}")
    tab.style_is("h1", "color", "rgb(59, 0, 0)")
    tab.wait("document.querySelectorAll('link[rel=stylesheet]').length === 1")
    tab.style_is("h1", "color", "rgb(59, 0, 0)")
    tab.assert_same_page()


@check("Of many quick saves of a template the last is what is seen")
def quick_templates(site, context):
    tab = Tab(site, context)
    for number in range(30):
        site.write("templates/card.mustache", f'<p id="card">card {number}</p>')
    tab.text_is("#card", "card 29")
    tab.assert_same_page()


@check("A template and its style sheet, edited and edited back, are as before")
def back(site, context):
    tab = Tab(site, context)
    before = tab.value("document.body.innerHTML")
    css_before = site.read("static/app.css")
    site.write("static/app.css", "h1 { color: rgb(9, 9, 9); }")
    site.write("templates/card.mustache", '<section id="card"><b>another</b></section>\n')
    tab.style_is("h1", "color", "rgb(9, 9, 9)")
    tab.text_is("#card", "another")
    site.write("static/app.css", css_before)
    site.write("templates/card.mustache", '<p id="card">card one</p>\n')
    tab.text_is("#card", "card one")
    tab.style_is("h1", "color", "rgb(1, 2, 3)")
    tab.equal("document.body.innerHTML", before)
    tab.assert_same_page()


@check("An image swaps in place when it has loaded")
def image(site, context):
    tab = Tab(site, context)
    tab.equal("document.querySelector('#picture').naturalWidth", 8)
    site.write("static/logo.png", png(0, 0, 255, 24))
    tab.wait("document.querySelector('#picture').naturalWidth === 24")
    for selector, attribute in (("picture img", "src"), ("source", "srcset"), ("video", "poster"),
                                ("image", "href"), ("#painted", "style")):
        tab.wait(f"!/logo.png[' \")]|logo.png$/.test("
                 f"document.querySelector({selector!r}).getAttribute({attribute!r}))")
    tab.equal("document.querySelector('#painted').style.width", "9px")
    tab.assert_same_page()


@check("An image that cannot be loaded keeps the one before it")
def broken_image(site, context):
    tab = Tab(site, context)
    site.write("static/logo.png", b"not an image")
    tab.says("the image before it stays")
    site.write("templates/card.mustache", '<p id="card">after</p>')
    tab.text_is("#card", "after")
    tab.equal("document.querySelector('#picture').naturalWidth", 8)
    tab.equal("document.querySelector('#picture').getAttribute('src')", "/static/logo.png")


@check("Every tab changes; one with a page that does not use the template is left alone")
def tabs(site, context):
    first, second, other = Tab(site, context), Tab(site, context), Tab(site, context, "/other")
    other.value("window.changes = 0")
    other.value("new MutationObserver(all => window.changes += all.length)"
                ".observe(document, { subtree: true, childList: true, attributes: true, characterData: true })")
    site.write("templates/card.mustache", '<p id="card">for all</p>')
    first.text_is("#card", "for all")
    second.text_is("#card", "for all")
    # The style sheet comes after it on the same socket: when it is seen, the template's change was looked at.
    site.write("static/app.css", "h1 { color: rgb(7, 7, 7); }")
    other.style_is("h1", "color", "rgb(7, 7, 7)")
    other.equal("[document.querySelector('#title').textContent, document.body.children.length]", ["Other", 1])
    if hasattr(site, "fetches"):
        assert "/other" not in site.fetches, "the other page was fetched"
    for tab in (first, second, other):
        tab.assert_same_page()


@check("The overlay shows file, line and column of a mistake, and goes when it is mended; the page stays")
def overlay(site, context):
    tab = Tab(site, context)
    tab.page.fill("[name=name]", "typed")
    site.write("templates/card.mustache", '<p id="card">\n  {{title\n</p>\n')
    tab.overlay_shows("templates/card.mustache:2:", "{{title")
    tab.equal("document.querySelector('#card').textContent", "card one")
    tab.equal("document.activeElement.name", "name")
    site.write("templates/card.mustache", '<p id="card">mended</p>')
    tab.overlay_is_gone()
    tab.text_is("#card", "mended")
    tab.equal("document.querySelector('[name=name]').value", "typed")
    tab.assert_same_page()


@check("A tab that comes later is told the error that is still there")
def late_tab(site, context):
    first = Tab(site, context)
    site.write("templates/card.mustache", "<p>\n\n{{broken\n</p>")
    first.overlay_shows("templates/card.mustache:3:")
    Tab(site, context, "/other").overlay_shows("templates/card.mustache:3:")


@check("Escape and the button dismiss the overlay; the next error brings it back")
def dismiss(site, context):
    tab = Tab(site, context)
    site.write("templates/card.mustache", "{{one")
    tab.overlay_shows("card.mustache:1:")
    tab.page.keyboard.press("Escape")
    tab.overlay_is_gone()
    site.write("templates/card.mustache", "\n{{two")
    tab.overlay_shows("card.mustache:2:")
    tab.value("window.roots[0].querySelector('button').click()")
    tab.overlay_is_gone()


@check("After a restart, with another token, the page catches up and typed text is still there")
def restart(site, context):
    tab = Tab(site, context)
    tab.page.fill("[name=name]", "typed before")
    site.stop()
    site.write("templates/card.mustache", '<p id="card">changed while away</p>')
    site.start()
    tab.text_is("#card", "changed while away")
    tab.wait("window.connects > 1")
    site.write("templates/card.mustache", '<p id="card">and again</p>')
    tab.text_is("#card", "and again")
    tab.equal("document.querySelector('[name=name]').value", "typed before")
    tab.assert_same_page()


@check("Scripts of the page run once; a new one runs once; an inline one that changed loads the page anew")
def scripts(site, context):
    tab = Tab(site, context)
    site.replace(INDEX, "<footer>", '<script src="/static/extra.js"></script><footer>')
    tab.wait("window.extraRuns === 1")
    site.replace(INDEX, "The end", "The very end")
    tab.text_is("footer", "The very end")
    tab.equal("[window.inlineRuns, window.externalRuns, window.extraRuns]", [1, 1, 1])
    tab.assert_same_page()
    site.replace(INDEX, "window.inlineRuns = ", "window.changed = true; window.inlineRuns = ")
    tab.wait("window.changed === true && window.marker === undefined && window.connects > 0")
    site.write("static/app.js", "window.edited = 2;\n")
    tab.wait("window.edited === 2")


@check("Nothing is written to the console but one line")
def quiet(site, context):
    tab = Tab(site, context)
    site.write("templates/card.mustache", '<p id="card">two</p>')
    tab.text_is("#card", "two")
    site.write("static/app.css", "h1 { color: rgb(7, 7, 7); }")
    tab.style_is("h1", "color", "rgb(7, 7, 7)")
    lines = [text for _, text in tab.console if "favicon" not in text and "404" not in text]
    # One for the page, and one for the page in its frame if that is a page of the server too.
    assert set(lines) == {"[hotreload] connected"} and len(lines) <= len(tab.page.frames), tab.console
    tab.equal("Object.keys(window).filter(name => /reload/i.test(name))", [])


# From here on: what only a server that does as it is told can bring about.


@check("Where sockets are refused, server-sent events do it", stub_only=True)
def events(site, context):
    site.allows_sockets = False
    tab = Tab(site, context)
    tab.equal("window.transport", "EventSource")
    site.write("templates/card.mustache", '<p id="card">by events</p>')
    tab.text_is("#card", "by events")
    tab.assert_same_page()


@check("A style sheet that cannot be loaded leaves the one before it", stub_only=True)
def broken_css(site, context):
    tab = Tab(site, context)
    change = {"path": "/static/app.css", "old": "/static/app.css", "url": "/static/gone.css"}
    site.send({"type": "update", "generation": 2, "styles": [change]})
    tab.wait("performance.getEntriesByType('resource').some(e => e.name.endsWith('/static/gone.css'))")
    tab.wait("document.querySelectorAll('link[rel=stylesheet]').length === 1")
    tab.style_is("h1", "color", "rgb(1, 2, 3)")
    tab.assert_same_page()


@check("Hashed addresses: a swapped sheet is known again when the page names its new address", stub_only=True)
def hashed(site, context):
    text = site.read(INDEX)
    site.write(INDEX, text.replace("/static/app.css", "/static/app.0123456789abcdef.css"))
    site.write("static/app.0123456789abcdef.css", "h1 { color: rgb(1, 1, 1); }")
    site.write("static/app.fedcba9876543210.css", "h1 { color: rgb(2, 2, 2); }")
    tab = Tab(site, context)
    site.write(INDEX, text.replace("/static/app.css", "/static/app.fedcba9876543210.css").replace("Hello", "Bye"))
    tab.text_is("#title", "Bye")
    tab.style_is("h1", "color", "rgb(2, 2, 2)")
    change = {"path": "/static/app.css", "old": "/static/app.0123456789abcdef.css",
              "url": "/static/app.fedcba9876543210.css"}
    site.send({"type": "update", "generation": 9, "styles": [change], "uses": [INDEX]})
    tab.wait("document.querySelectorAll('link[rel=stylesheet]').length === 1")
    tab.equal("document.querySelector('link[rel=stylesheet]').getAttribute('href')",
              "/static/app.fedcba9876543210.css")
    tab.assert_same_page()


@check("A file whose name is markup is shown as text", stub_only=True)
def markup(site, context):
    tab = Tab(site, context)
    name = "templates/<img src=x onerror=alert(1)>.mustache"
    error = {"unit": name, "file": name, "line": 1, "column": 1, "message": "<script>alert(2)</script>",
             "keyPath": "<b>", "excerpt": {"first": 1, "lines": ["<img src=x onerror=alert(3)>"]}}
    tab.page.on("dialog", lambda dialog: tab.errors.append("a dialog opened") or dialog.dismiss())
    site.send({"type": "error", "generation": 1, "errors": [error]})
    tab.overlay_shows(f"{name}:1:1", "<script>alert(2)</script>", "<img src=x onerror=alert(3)>")
    tab.equal("window.roots[0].querySelectorAll('img, script, b b').length", 0)
    tab.assert_same_page()


@check("Under a strict policy with a nonce, nothing is violated: morph, new style and script, overlay", stub_only=True)
def policy(site, context):
    site.headers = {"Content-Security-Policy":
                    "default-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'"}
    text = site.read(INDEX).replace("<script", '<script nonce="NONCE"').replace("<link", '<link nonce="NONCE"')
    site.write(INDEX, re.sub(r' style="[^"]*"', "", text))
    site.write("static/app.css", "h1 { color: rgb(2, 2, 2); }")
    tab = Tab(site, context)
    site.write("static/app.css", "h1 { color: rgb(3, 3, 3); }")
    tab.style_is("h1", "color", "rgb(3, 3, 3)")
    site.replace(INDEX, "<footer>", '<style nonce="NONCE">footer { color: rgb(5, 5, 5) }</style>'
                 '<script nonce="NONCE" src="/static/extra.js"></script><footer>')
    tab.wait("window.extraRuns === 1")
    tab.style_is("footer", "color", "rgb(5, 5, 5)")
    site.write("templates/card.mustache", "{{broken")
    tab.overlay_shows("card.mustache:1:1")
    tab.equal("window.violations", [])
    tab.assert_same_page()


@check("A page whose policy forbids every connection is told why there is no live reload, once", stub_only=True)
def no_connections(site, context):
    site.headers = {"Content-Security-Policy": "connect-src 'none'"}
    tab = Tab(site, context, connects=False)
    tab.says("needs connect-src 'self'")
    tab.assert_same_page()


@check("A page that requires Trusted Types is morphed through a policy", stub_only=True)
def trusted_types(site, context):
    site.headers = {"Content-Security-Policy": "require-trusted-types-for 'script'"}
    tab = Tab(site, context)
    site.replace(INDEX, "<footer>", '<script src="/static/extra.js"></script><footer>')
    tab.wait("window.extraRuns === 1")
    tab.equal("window.violations", [])
    tab.assert_same_page()


@check("A page that allows no policy of ours is loaded anew", stub_only=True)
def trusted_types_refused(site, context):
    site.headers = {"Content-Security-Policy": "require-trusted-types-for 'script'; trusted-types none-of-yours"}
    tab = Tab(site, context)
    site.replace(INDEX, "Hello", "Loaded")
    tab.text_is("#title", "Loaded")
    tab.equal("window.marker ?? null", None)


@check("The answer to a form is not replaced by another page, and a notice says so", stub_only=True)
def posted(site, context):
    tab = Tab(site, context)
    tab.value("{ const f = document.querySelector('form'); f.method = 'post'; f.action = '/other'; f.submit(); }")
    tab.page.wait_for_url("**/other")
    tab.connected()
    tab.value("window.marker = 1")
    site.replace("templates/pages/other.mustache", ">Other<", ">Changed<")
    tab.wait("window.noticeText().includes('answered a form')")
    tab.equal("document.querySelector('#title').textContent", "Other")
    assert len(site.posts) == 1, site.posts
    tab.assert_same_page()


@check("An answer with an error status is shown, and the page after it", stub_only=True)
def error_status(site, context):
    tab = Tab(site, context)
    site.status["/"] = (500, {}, "<html><head><title>Failed</title></head><body><h1>Failed</h1></body></html>")
    site.replace(INDEX, "Hello", "Again")
    tab.text_is("h1", "Failed")
    del site.status["/"]
    site.send({"type": "update", "generation": 50, "all": True})
    tab.text_is("h1", "Again")


@check("A page that now leads elsewhere is left, with a notice", stub_only=True)
def redirected(site, context):
    tab = Tab(site, context)
    site.status["/"] = (302, {"Location": "/other"}, "")
    site.replace(INDEX, "Hello", "Again")
    tab.wait("window.noticeText().includes('/other')")
    tab.equal("document.querySelector('#title').textContent", "Hello")
    tab.assert_same_page()


@check("Events before and after a morph; the first can be refused", stub_only=True)
def announced(site, context):
    tab = Tab(site, context)
    tab.value("""() => {
      window.seen = [];
      for (const name of ['before', 'after']) {
        document.addEventListener('hotreload:' + name, (event) => {
          window.seen.push(name + ' ' + event.detail.kind + ' ' + document.querySelector('#card').textContent);
          if (name === 'before' && window.refuse) event.preventDefault();
        });
      }
    }""")
    site.write("templates/card.mustache", '<p id="card">two</p>')
    tab.wait("window.seen.length === 2")
    tab.equal("window.seen", ["before page card one", "after page two"])
    tab.value("window.refuse = true")
    site.write("templates/card.mustache", '<p id="card">three</p>')
    tab.wait("window.seen.length === 3")
    tab.equal("document.querySelector('#card').textContent", "two")


@check("Text that an input method is composing is not disturbed", stub_only=True)
def composing(site, context):
    tab = Tab(site, context)
    tab.page.focus("[name=name]")
    client = context.new_cdp_session(tab.page)
    client.send("Input.imeSetComposition", {"text": "に", "selectionStart": 1, "selectionEnd": 1})
    fetched = len(site.fetches)
    site.write("templates/card.mustache", '<p id="card">two</p>')
    tab.wait("performance.getEntriesByType('resource').some(e => e.name === location.href)")
    assert len(site.fetches) > fetched
    tab.equal("document.querySelector('#card').textContent", "card one")
    client.send("Input.insertText", {"text": "日"})
    tab.text_is("#card", "two")
    tab.wait("document.querySelector('[name=name]').value.includes('日')")
    tab.assert_same_page()


@check("The client there twice runs once", stub_only=True)
def twice(site, context):
    tab = Tab(site, context)
    tab.value("""() => new Promise((done) => {
      const script = document.querySelector('script[data-hotreload]').cloneNode();
      const copy = Object.assign(document.createElement('script'), { onload: done, src: script.src });
      copy.dataset.hotreload = script.dataset.hotreload;
      document.head.append(copy);
    })""")
    assert len(site.peers) == 1, site.peers


@check("A build says that it is under way, and shows its output when it fails", stub_only=True)
def build(site, context):
    tab = Tab(site, context)
    site.send({"type": "building"})
    tab.wait("window.noticeText().includes('Building')")
    site.send({"type": "built", "ok": False, "output": "main.swift:3:7: error: cannot find 'x' in scope"})
    tab.overlay_shows("main.swift:3:7")
    tab.wait("window.noticeText() === ''")
    site.send({"type": "built", "ok": True})
    tab.overlay_is_gone()


@check("Siblings: a field put in front of another does not get its text; one sorted elsewhere takes it along",
       stub_only=True)
def siblings(site, context):
    rows = [f'<p><input class="row" id="row{number}"></p>' for number in range(4)]
    site.replace(INDEX, "<footer>", '<div id="rows">' + "".join(rows) + "</div><footer>")
    site.replace(INDEX, "<footer>", '<div id="bare"><p><input></p></div><footer>')
    tab = Tab(site, context)
    for number in range(4):
        tab.page.fill(f"#row{number}", f"text {number}")
    tab.page.fill("#bare input", "bare text")
    text = site.read(INDEX).replace("".join(rows), "".join(reversed(rows)))
    site.write(INDEX, text.replace('<div id="bare">', '<div id="bare"><p>Some <input value="new"></p>'))
    tab.wait("document.querySelectorAll('#bare input').length === 2")
    tab.equal("[...document.querySelectorAll('#rows input')].map(e => e.value)",
              ["text 3", "text 2", "text 1", "text 0"])
    tab.equal("[...document.querySelectorAll('#bare input')].map(e => e.value)", ["new", "bare text"])
    tab.assert_same_page()


@check("A list too long to compare all with all is morphed all the same", stub_only=True)
def long_list(site, context):
    rows = [f"<li><b>row {number}</b></li>" for number in range(1_500)]
    site.write("templates/card.mustache", '<ol id="card">' + "".join(rows) + "</ol>")
    tab = Tab(site, context)
    changed = ["<li>first</li>"] + [row.replace("row", "line") for row in rows if not row.endswith("7</b></li>")]
    site.write("templates/card.mustache", '<ol id="card">' + "".join(changed) + "</ol>")
    tab.wait("document.querySelector('#card').firstChild.textContent === 'first'")
    tab.equal("document.querySelector('#card').innerHTML", "".join(changed))
    tab.assert_same_page()


@check("A page from the back/forward cache catches up", stub_only=True)
def history(site, context):
    tab = Tab(site, context)
    tab.page.goto(site.url + "/other")
    tab.connected()
    site.write("templates/card.mustache", '<p id="card">meanwhile</p>')
    tab.page.go_back()
    tab.text_is("#card", "meanwhile")
    site.write("templates/card.mustache", '<p id="card">and then</p>')
    tab.text_is("#card", "and then")


LONG_ERRORS = [
    {"unit": "templates", "file": "templates/layout.mustache", "line": 14, "column": 3,
     "message": "section 'items' is opened here and never closed: add {{/items}}",
     "excerpt": {"first": 12, "lines": [
         "  <main>", "    <ul class=\"list\">", "\t\t{{#items}}", "      <li>{{name}}</li>", "    </ul>"]}},
    {"unit": "app", "file": "config/app.toml", "line": 12, "column": 8, "keyPath": "server.port",
     "message": "expected Int, found String \"80a\"",
     "excerpt": {"first": 10, "lines": ["[server]", "host = \"127.0.0.1\"", "port = \"80a\"", "workers = 4"]}},
]


def screenshots(site, browser, folder):
    """The overlay as people see it: light and dark, wide and phone-narrow."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    site.write("static/app.css",
               "body { font: 18px/1.6 system-ui; max-width: 44rem; margin: 3rem auto; padding: 0 1rem }"
               "@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } }")
    for scheme in ("light", "dark"):
        for name, size in (("wide", (1280, 800)), ("narrow", (390, 780))):
            context = browser.new_context(
                color_scheme=scheme, viewport={"width": size[0], "height": size[1]}, device_scale_factor=1)
            tab = Tab(site, context)
            site.send({"type": "error", "generation": 1, "errors": LONG_ERRORS})
            tab.overlay_shows("server.port")
            tab.page.screenshot(path=folder / f"overlay-{scheme}-{name}.png")
            site.send({"type": "error", "generation": 1, "errors": LONG_ERRORS[1:]})
            tab.wait("!window.overlayText().includes('layout.mustache')")
            tab.page.screenshot(path=folder / f"overlay-one-{scheme}-{name}.png")
            site.send({"type": "clear"})
            site.send({"type": "building"})
            tab.wait("window.noticeText().includes('Building')")
            tab.page.screenshot(path=folder / f"building-{scheme}-{name}.png")
            context.close()
