// The browser's side of live reload. Documentation/LIVE-RELOAD.md says what is spoken.
//
// Nothing here may break the page it is in: one strict closure, one global (`__hotreload`, so that a script
// that is there twice runs once), no inline style, no inline script, and text is only ever set as text.
// What cannot be done in place is done by loading the page anew.
(() => {
  "use strict";

  const script = document.currentScript ?? document.querySelector("script[data-hotreload]");
  if (!script || window.__hotreload || !window.WebSocket || !window.fetch) return;
  Object.defineProperty(window, "__hotreload", { value: Object.freeze({ version: 1 }) });

  const pingInterval = 15_000; // milliseconds, while the page is visible
  const pongDeadline = 10_000; // milliseconds without any message after a ping: the connection is dead
  const firstRetry = 200; // milliseconds, doubled by each failure
  const longestRetry = 10_000; // milliseconds
  const socketRefusals = 2; // after as many, while the server answers, sockets are taken to be blocked
  const sheetDeadline = 5_000; // milliseconds until a replaced style sheet goes, loaded its heir or not
  const alignmentLimit = 250_000; // pairs of siblings compared with each other
  const alignmentWindow = 40; // siblings looked ahead beyond that limit
  const repeatDeadline = 500; // milliseconds after a reconnect for errors that are still there to come again
  const shownErrors = 20;

  const nonce = script.nonce;
  const base = new URL(".", script.src || new URL("/_hotreload/", location.href));

  // What the page in the tab was made from, as its script element says.

  const page = { token: "", generation: null, uses: null, method: "GET" };

  function readPage(element) {
    if (!element) return void (page.uses = null); // an answer without our element: every change concerns it
    page.token = element.dataset.hotreload;
    page.method = element.dataset.method ?? "GET";
    page.generation = element.dataset.generation ? Number(element.dataset.generation) : null;
    try {
      page.uses = element.dataset.uses ? new Set(JSON.parse(element.dataset.uses)) : null;
    } catch {
      page.uses = null;
    }
  }

  readPage(script);

  const say = (text) => console.info(`[hotreload] ${text}`);

  function announce(moment, detail) {
    return document.dispatchEvent(
      new CustomEvent(`hotreload:${moment}`, { cancelable: moment === "before", detail }),
    );
  }

  // The connection: a WebSocket, or server-sent events where there is none to be had.

  let connection = null; // { close, ping? }
  let session = null;
  let useEvents = false;
  let everOpen = false;
  let refusals = 0;
  let attempts = 0;
  let retryTimer = 0;
  let pongTimer = 0;
  let probing = false;
  let hidden = false; // the page is in the back/forward cache, or on its way out
  const forbidden = new Set(); // endpoints that the page's Content Security Policy forbids

  function endpoint(name) {
    const url = new URL(name, base);
    url.searchParams.set("token", page.token);
    return url;
  }

  function connect() {
    if (connection || hidden) return;
    try {
      connection = useEvents ? openEvents() : openSocket();
    } catch {
      lost(false);
    }
  }

  function openSocket() {
    const url = endpoint("socket");
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    let opened = false;
    const self = {
      close: () => socket.close(),
      ping() {
        if (socket.readyState !== WebSocket.OPEN) return false;
        socket.send('{"type":"ping"}');
        return true;
      },
    };
    socket.onopen = () => (opened = everOpen = true);
    socket.onmessage = (event) => connection === self && receive(event.data);
    // Chromium says only `error` of a socket that the page's policy forbids.
    socket.onerror = socket.onclose = () => connection === self && lost(opened);
    return self;
  }

  function openEvents() {
    const source = new EventSource(endpoint("events"));
    let opened = false;
    const self = { close: () => source.close() };
    source.onopen = () => (opened = true);
    source.onmessage = (event) => connection === self && receive(event.data);
    source.onerror = () => {
      source.close(); // our own retries know of tokens; the browser's do not
      if (connection === self) lost(opened);
    };
    return self;
  }

  function drop() {
    const old = connection;
    connection = null;
    clearTimeout(pongTimer);
    old?.close();
  }

  function lost(opened) {
    connection = null;
    clearTimeout(pongTimer);
    indicator.hide();
    if (!opened) refusals += 1;
    retryLater();
  }

  function retryLater() {
    clearTimeout(retryTimer);
    if (hidden) return;
    if (forbidden.has("ping") || (forbidden.has("socket") && forbidden.has("events"))) {
      console.warn("[hotreload] off: this page's Content-Security-Policy needs connect-src 'self'");
      return;
    }
    const longest = Math.min(longestRetry, firstRetry * 2 ** attempts);
    attempts = Math.min(attempts + 1, 16);
    retryTimer = setTimeout(retry, longest * (0.5 + Math.random() / 2));
  }

  // Asks before it opens: a refused socket does not say why, and an answer of 403 here means another token.
  async function retry() {
    clearTimeout(retryTimer);
    if (connection || probing || hidden) return;
    probing = true;
    try {
      const answer = await fetch(endpoint("ping"), { cache: "no-store", credentials: "same-origin" });
      if (answer.status === 403) {
        const before = page.token;
        await refresh({ reason: "restart" });
        session = null; // the page is as new as the server: its generation says whether it stays so
        if (page.token === before) throw new Error("the page has the same token");
      } else if (!answer.ok) {
        throw new Error(`status ${answer.status}`);
      }
      if (!useEvents && !everOpen && refusals >= socketRefusals && window.EventSource) useEvents = true;
      if (forbidden.has("socket")) useEvents = true;
      connect();
    } catch {
      retryLater();
    } finally {
      probing = false;
    }
  }

  function ping() {
    if (document.visibilityState !== "visible" || !connection?.ping?.()) return;
    clearTimeout(pongTimer);
    pongTimer = setTimeout(() => {
      drop();
      retryLater();
    }, pongDeadline);
  }

  function wake() {
    if (document.visibilityState !== "visible" || hidden) return;
    if (connection) return ping();
    attempts = 0;
    retry();
  }

  setInterval(ping, pingInterval);
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  window.addEventListener("pagehide", () => {
    hidden = true; // an open socket would keep the page out of the back/forward cache
    clearTimeout(retryTimer);
    drop();
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    hidden = false;
    wake();
  });
  document.addEventListener("securitypolicyviolation", (event) => {
    for (const name of ["socket", "events", "ping"]) {
      const path = new URL(name, base).pathname;
      if (event.disposition === "enforce" && event.blockedURI.includes(path)) forbidden.add(name);
    }
  });

  // What the server says.

  function receive(text) {
    clearTimeout(pongTimer);
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    switch (message?.type) {
      case "hello": return greeted(message);
      case "update": return updated(message);
      case "error": return overlay.showErrors(message.errors ?? []);
      case "clear": return overlay.clear();
      case "building": return indicator.show("Building");
      case "built": return built(message);
    }
  }

  function greeted(message) {
    attempts = refusals = 0;
    if (session === null) say(`connected${useEvents ? " by server-sent events" : ""}`);
    const moved = page.generation !== null && message.generation !== page.generation;
    const restarted = session !== null && message.session !== session;
    session = message.session;
    overlay.expectAgain();
    if (moved || restarted || stale) refresh({ reason: "reconnect", generation: message.generation });
  }

  function updated(message) {
    overlay.clear();
    const { generation, uses = [], styles = [], images = [], scripts = [], all = false } = message;
    if (scripts.some(pageRuns)) return reloadPage("script", generation);
    for (const change of styles) swapStyles(change, generation);
    for (const change of images) swapImages(change, generation);
    if (all || (uses.length > 0 && (!page.uses || uses.some((name) => page.uses.has(name))))) {
      refresh({ reason: "update", generation, uses });
    } else {
      page.generation = generation;
    }
  }

  function built(message) {
    indicator.hide();
    if (message.ok) return overlay.clear();
    overlay.showBuild(String(message.output ?? "The build failed and said nothing."));
  }

  // Style sheets and images, in place.

  function pathOf(value) {
    try {
      const url = new URL(value, document.baseURI);
      return url.origin === location.origin ? url.pathname : null;
    } catch {
      return null;
    }
  }

  function isAsset(value, change) {
    const path = value ? pathOf(value) : null;
    return path !== null && [change.path, change.old, change.url].some((one) => one && pathOf(one) === path);
  }

  // What to load now: an address that did not change gets a query, or the browser would show what it has.
  function addressOf(change, current, generation) {
    if (new URL(change.url, document.baseURI).pathname !== pathOf(current)) return change.url;
    if (change.old && pathOf(change.old) !== pathOf(change.url)) return null; // it is there already
    const url = new URL(change.url, document.baseURI);
    url.searchParams.set("hotreload", generation);
    return url.pathname + url.search;
  }

  function pageRuns(change) {
    const resources = performance.getEntriesByType("resource").map((entry) => entry.name);
    const elements = document.querySelectorAll("script[src], link[rel~=modulepreload][href]");
    return [...resources, ...[...elements].map((one) => one.src || one.href)].some((url) => isAsset(url, change));
  }

  const heirs = new Map(); // a sheet's element → the one that takes its place when it has loaded
  const isHeir = (element) => [...heirs.values()].includes(element);

  function swapStyles(change, generation) {
    for (const link of document.querySelectorAll("link[rel~=stylesheet][href]")) {
      if (isHeir(link) || !isAsset(link.getAttribute("href"), change)) continue;
      const address = addressOf(change, link.getAttribute("href"), generation);
      if (address === null) continue;
      const attributes = new Map(recordOf(link).attributes).set("href", change.url);
      attributes.delete("integrity"); // it was that of the other content
      swapSheet(link, address, attributes);
    }
    for (const style of document.querySelectorAll("style")) {
      const imported = [...(style.sheet?.cssRules ?? [])].some((rule) => rule.href && isAsset(rule.href, change));
      if (!imported || isHeir(style)) continue;
      const heir = style.cloneNode(false);
      heir.textContent = style.textContent.replace(
        /(@import\s+(?:url\()?\s*["']?)([^"')\s;]+)/gi,
        (all, before, url) => isAsset(url, change) ? before + (addressOf(change, url, generation) ?? url) : all,
      );
      succeed(style, heir, change.path);
    }
  }

  // Puts a link with `href` in the place of `link` once it has loaded. `attributes` are what the server's page
  // says of it.
  function swapSheet(link, href, attributes) {
    if (heirs.get(link)?.getAttribute("href") === href) return;
    const heir = link.cloneNode(false);
    heir.setAttribute("href", href);
    if (attributes.has("integrity")) heir.setAttribute("integrity", attributes.get("integrity"));
    else heir.removeAttribute("integrity");
    record(heir, attributes, recordOf(link).children);
    forget(link);
    if (link.disabled) return void link.replaceWith(heir); // it would never load
    succeed(link, heir, href);
  }

  function succeed(old, heir, name) {
    if (!announce("before", { kind: "style", url: name })) return;
    heirs.get(old)?.remove(); // an earlier save's: the latest wins
    if (old.nonce) heir.nonce = old.nonce;
    heirs.set(old, heir);
    heir.addEventListener("load", () => {
      if (heirs.get(old) !== heir) return;
      heirs.delete(old);
      if (old.sheet && heir.sheet) heir.sheet.disabled = old.sheet.disabled;
      old.remove();
      announce("after", { kind: "style", url: name });
    }, { once: true });
    heir.addEventListener("error", () => {
      if (heirs.get(old) !== heir) return;
      heirs.delete(old);
      heir.remove();
      console.error(`[hotreload] ${name} could not be loaded: the style sheet before it stays`);
    }, { once: true });
    old.after(heir);
  }

  const imageAttributes = [
    ["img[src], input[type=image][src], video source[src], picture source[src]", "src"],
    ["img[srcset], source[srcset]", "srcset"],
    ["video[poster]", "poster"],
    ["image[href]", "href"],
    ["image", "xlink:href"],
    ["link[rel~=icon][href]", "href"],
    ["[style*='url(']", "style"],
  ];

  function swapImages(change, generation) {
    const patterns = { srcset: /[^\s,]+(?=[\s,]|$)/g, style: /(?<=url\(\s*["']?)[^"')\s]+/g };
    for (const [selector, attribute] of imageAttributes) {
      for (const element of document.querySelectorAll(selector)) {
        const value = element.getAttribute(attribute);
        if (!value) continue;
        let address = null;
        const swap = (to) => value.replace(patterns[attribute] ?? /^.*$/s, (url) => {
          if (!isAsset(url, change)) return url;
          address = addressOf(change, url, generation);
          return to ?? address ?? url;
        });
        const next = swap();
        if (address !== null) swapImage(element, attribute, value, next, address, swap(change.url));
      }
    }
  }

  async function swapImage(element, attribute, value, next, address, served) {
    if (!announce("before", { kind: "image", url: address, element })) return;
    const image = new Image();
    image.src = address;
    try {
      await image.decode();
    } catch {
      return console.error(`[hotreload] ${address} could not be loaded: the image before it stays`);
    }
    if (element.getAttribute(attribute) !== value) return; // a later save was faster
    if (attribute === "style") element.style.cssText = next;
    else if (attribute === "xlink:href") element.setAttributeNS("http://www.w3.org/1999/xlink", attribute, next);
    else element.setAttribute(attribute, next);
    const { attributes, children } = recordOf(element);
    record(element, new Map(attributes).set(attribute, served), children);
    forget(element);
    announce("after", { kind: "image", url: address, element });
  }

  // The page anew, when something it was made from has changed.

  let fetching = null; // the AbortController of the fetch under way: a later one replaces it
  let stale = false; // the page could not be fetched: to be done after the next connect
  let composing = null; // { ended, end } while an input method composes text
  let policy; // a Trusted Types policy, null where there is none to be had

  document.addEventListener("compositionstart", () => {
    let end;
    composing ??= { ended: new Promise((resolve) => (end = resolve)), end: () => end() };
  }, true);
  document.addEventListener("compositionend", () => {
    composing?.end();
    composing = null;
  }, true);

  async function refresh({ reason, generation = null, uses = [] }) {
    if (page.method !== "GET") {
      return indicator.show("This page answered a form: go to it again to see the change.", null);
    }
    fetching?.abort();
    const mine = (fetching = new AbortController());
    const here = location.href.split("#")[0];
    let answer, html;
    try {
      answer = await fetch(here, {
        headers: { "X-HotReload": "morph", Accept: "text/html,application/xhtml+xml" },
        cache: "no-store",
        credentials: "same-origin",
        signal: mine.signal,
      });
      html = withOwnNonce(await answer.text(), answer.headers.get("Content-Security-Policy"));
    } catch {
      if (fetching === mine) stale = true; // the server is away; else a later fetch replaced this one
      return;
    }
    while (composing) await composing.ended;
    if (fetching !== mine || hidden || location.href.split("#")[0] !== here) return;
    fetching = null;
    if (answer.redirected && answer.url.split("#")[0] !== here) {
      return indicator.show(`This page now leads to ${new URL(answer.url).pathname}`, () => location.reload());
    }
    const type = (answer.headers.get("Content-Type") ?? "").split(";")[0].trim().toLowerCase();
    if (type !== "text/html" && type !== "application/xhtml+xml") return reloadPage("type", generation);
    try {
      const fresh = parse(html, type);
      if (!announce("before", { kind: "page", reason, generation, uses, document: fresh })) return;
      const own = fresh.querySelector("script[data-hotreload]");
      snapshot(fresh.documentElement);
      if (scriptsChanged(fresh)) {
        return reloadPage("script", own?.dataset.generation ?? generation);
      }
      morphDocument(fresh);
      readPage(own);
      page.generation ??= generation;
      stale = false;
      indicator.hide();
      announce("after", { kind: "page", reason, generation: page.generation, uses });
    } catch (error) {
      console.error("[hotreload] the page could not be changed in place:", error);
      reloadPage("failure", generation);
    }
  }

  // A fresh answer has a fresh nonce; the policy of this document knows only its own, already while it parses.
  function withOwnNonce(html, policies) {
    const theirs = /'nonce-([A-Za-z0-9+/_=-]+)'/.exec(policies ?? "")?.[1];
    return theirs && nonce ? html.replaceAll(theirs, nonce) : html;
  }

  function parse(html, type) {
    if (policy === undefined) {
      try {
        const same = (text) => text;
        policy = window.trustedTypes?.createPolicy("hotreload", {
          createHTML: same, createScript: same, createScriptURL: same,
        }) ?? null;
      } catch {
        policy = null;
      }
    }
    const trusted = policy ? policy.createHTML(html) : html;
    const shadows = type === "text/html" && html.includes("shadowrootmode") && Document.parseHTMLUnsafe;
    const fresh = shadows ? Document.parseHTMLUnsafe(trusted) : new DOMParser().parseFromString(trusted, type);
    if (!fresh.body || fresh.querySelector("parsererror")) throw new Error("the answer is no HTML document");
    // Scripts run here, so that <noscript> holds text; in a parsed document it holds elements.
    for (const element of fresh.querySelectorAll("noscript")) element.textContent = element.innerHTML;
    return fresh;
  }

  // Loads the page anew. A page that is as old after it as before (a cache in between) is not loaded for ever.
  function reloadPage(reason, generation) {
    if (!announce("before", { kind: "reload", reason, generation })) return;
    if (page.method !== "GET") {
      return indicator.show("This page answered a form: go to it again to see the change.", null);
    }
    try {
      const mark = `${session} ${generation} ${location.href}`;
      if (sessionStorage.getItem("hotreload") === mark) return;
      sessionStorage.setItem("hotreload", mark);
    } catch {
      // No storage for this page: it is loaded.
    }
    location.reload();
  }

  // The morph: makes the document like a fresh one, and moves and touches as little as it can.
  //
  // Of each node it is recorded what the server last said. What the server says again unchanged is left alone,
  // whatever scripts and people made of it meanwhile; only what it says differently is done. So typed text, open
  // <details>, what a script rendered and a class it set outlive the edit of another line.

  const records = new WeakMap(); // node → { digest, children, attributes } as the server last sent it
  const executed = new Set(); // keys of scripts that ran
  let sentScripts = new Set(); // keys of the inline scripts of the page as it was last sent
  const edited = new WeakSet(); // hosts of `contenteditable` that somebody typed into

  document.addEventListener("input", (event) => {
    const host = event.target instanceof Element && event.target.closest("[contenteditable]");
    if (host) edited.add(host);
  }, true);

  function hash(text) {
    let a = 0xdeadbeef, b = 0x41c6ce57;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      a = Math.imul(a ^ unit, 2654435761);
      b = Math.imul(b ^ unit, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return 4294967296 * (2097151 & b) + (a >>> 0);
  }

  const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
  const isOwn = (node) => node === layer.host || (node.localName === "script" && node.hasAttribute("data-hotreload"));
  const isKept = (node) => isElement(node) && node.hasAttribute("data-hotreload-keep");
  const isSheet = (node) => node.localName === "link" && node.relList?.contains("stylesheet");

  function record(element, attributes, children) {
    const digest = isOwn(element) ? 1 : hash(JSON.stringify([element.nodeName, [...attributes].sort(), children]));
    records.set(element, { attributes, children, digest });
    return digest;
  }

  // What is around the element is no longer what the server sent, so it is looked into by the next morph.
  function forget(element) {
    for (let node = element.parentElement; node; node = node.parentElement) {
      record(node, recordOf(node).attributes, NaN);
    }
  }

  function attributesOf(element) {
    const all = new Map();
    for (const { name, value } of element.attributes) if (name !== "nonce") all.set(name, value);
    return all;
  }

  // Records a tree as what the server sent, and returns its digest.
  function snapshot(node) {
    if (isElement(node)) {
      const nodes = [...node.childNodes, ...(node.content?.childNodes ?? [])];
      if (node.shadowRoot && node.ownerDocument !== document) nodes.push(...node.shadowRoot.childNodes);
      return record(node, attributesOf(node), hash(nodes.map(snapshot).join()));
    }
    const digest = hash(`${node.nodeType} ${node.data}`);
    records.set(node, { digest });
    return digest;
  }

  function recordOf(node) {
    if (!records.has(node)) snapshot(node); // a script made it: as it is counts as what was sent
    return records.get(node);
  }

  const dataBlock = /^(?!$|module$|importmap$|speculationrules$|(text|application)\/(x-)?(java|ecma)script)/i;
  const runs = (element) => element.localName === "script" && !isOwn(element) && !dataBlock.test(element.type.trim());
  const scriptKey = (element) => element.hasAttribute("src")
    ? `src ${new URL(element.getAttribute("src"), document.baseURI)}`
    : `text ${hash(`${element.type}\n${element.textContent}`)}`;

  // Whether the fresh page has another version of an inline script: nothing can take back what the old one did.
  function scriptsChanged(fresh) {
    const scripts = [...fresh.querySelectorAll("script")].filter((one) => runs(one) && !isKept(one));
    const inline = new Set(scripts.filter((one) => !one.hasAttribute("src")).map(scriptKey));
    for (const one of document.scripts) if (runs(one)) executed.add(scriptKey(one));
    const news = [...inline].some((key) => !executed.has(key));
    const gone = [...sentScripts].some((key) => !inline.has(key));
    const maps = scripts.some((one) => one.type === "importmap" && !executed.has(scriptKey(one)));
    if ((news && gone) || maps) return true;
    sentScripts = inline;
    return false;
  }

  // What tells elements apart wherever they are: an id, else the name of a form's field. Only what is there once.
  function keysOf(root) {
    const keys = new Map();
    for (const element of root.querySelectorAll("[id], input[name], select[name], textarea[name]")) {
      const id = element.getAttribute("id"); // not `.id`: a form's field may have that name
      let key = id ? `#${id}` : `[${element.getAttribute("name")}]`;
      if (!id && /^(radio|checkbox)$/.test(element.type)) key += element.getAttribute("value");
      key = `${element.nodeName} ${key}`;
      keys.set(key, keys.has(key) ? null : element);
    }
    return keys;
  }

  function morphDocument(fresh) {
    const live = keysOf(document), news = keysOf(fresh);
    const context = {
      byKey: new Map(), // key → live element
      keys: new Map(), // element, live or fresh → its own key
      inside: new Map(), // element, live or fresh → the keys in it, its own among them
      doomed: new Set(), // live nodes that go at the end, unless something in them is still wanted
      scripts: [], // fresh ones that are to run at the end
      sheets: [], // fresh style sheets: what they replace stays until they have loaded
    };
    for (const [key, element] of live) {
      const other = news.get(key);
      if (!element || !other) continue;
      context.byKey.set(key, element);
      for (const end of [element, other]) {
        context.keys.set(end, key);
        for (let node = end; node; node = node.parentElement) {
          if (!context.inside.has(node)) context.inside.set(node, new Set());
          context.inside.get(node).add(key);
        }
      }
    }
    const restore = keepPlace();
    const root = fresh.documentElement;
    const body = [document.body, fresh.body], head = [document.head, fresh.head];
    morphAttributes(document.documentElement, root);
    for (const [old, next] of [head, body]) {
      if (old.localName !== next.localName) throw new Error("a frameset came or went");
      morphElement(old, next, context);
    }
    records.set(document.documentElement, records.get(root));
    for (const one of context.scripts) run(one, context);
    restore();
    clearAway(context);
  }

  // Focus, selection and scroll positions, where the morph could not help losing them.
  function keepPlace() {
    const active = document.activeElement;
    const isField = active && /^(input|textarea)$/.test(active.localName);
    const range = isField && [active.selectionStart, active.selectionEnd, active.selectionDirection];
    // A new default of a group of radio buttons would take over what a person chose in it.
    const radios = [...document.querySelectorAll("input[type=radio]")];
    const chosen = radios.filter((one) => one.checked && !one.defaultChecked);
    const scrolled = [document.scrollingElement, ...document.body.querySelectorAll("*")]
      .filter((one) => one && (one.scrollTop || one.scrollLeft))
      .map((one) => [one, one.scrollLeft, one.scrollTop]);
    const selection = document.getSelection();
    const { anchorNode, anchorOffset, focusNode, focusOffset } = selection ?? {};
    return () => {
      for (const one of chosen) if (one.isConnected && !one.checked) one.checked = true;
      if (active?.isConnected && active !== document.activeElement && active !== document.body) {
        active.focus({ preventScroll: true });
        if (isField && range[0] !== null) active.setSelectionRange(...range);
      } else if (!isField && anchorNode?.isConnected && focusNode?.isConnected && selection.anchorNode !== anchorNode) {
        const clamp = (node, offset) => Math.min(offset, node.data?.length ?? node.childNodes.length);
        selection.setBaseAndExtent(
          anchorNode, clamp(anchorNode, anchorOffset), focusNode, clamp(focusNode, focusOffset));
      }
      for (const [one, left, top] of scrolled) {
        if (one.isConnected && !one.scrollTop && !one.scrollLeft) one.scrollTo({ left, top, behavior: "instant" });
      }
    };
  }

  async function clearAway({ doomed, sheets }) {
    const isLate = (node) => sheets.length > 0 && isElement(node) && (isSheet(node) || node.localName === "style");
    const late = [...doomed].filter(isLate);
    for (const node of doomed) if (!isLate(node)) node.remove();
    if (late.length === 0) return;
    const loaded = sheets.map((sheet) => new Promise((done) => sheet.onload = sheet.onerror = done));
    await Promise.race([Promise.all(loaded), new Promise((done) => setTimeout(done, sheetDeadline))]);
    for (const node of late) node.remove();
  }

  const notText = new Set(["checkbox", "radio", "file", "range", "color", "submit", "button", "image", "hidden"]);
  const fieldKind = ({ type }) => (notText.has(type) ? type : "text");
  const stem = (url) => (pathOf(url) ?? url).replace(/[.-][0-9a-f]{8,}(?=\.)/i, "");

  // How well a live node may become a fresh one: 0 is not at all.
  function likeness(live, fresh, context) {
    if (live.nodeType !== fresh.nodeType || live.nodeName !== fresh.nodeName) return 0;
    const equal = recordOf(live).digest === records.get(fresh).digest;
    if (!isElement(live)) return equal ? 3 : 1;
    if (isOwn(live) || isOwn(fresh)) return isOwn(live) && isOwn(fresh) ? 100 : 0;
    if (live.namespaceURI !== fresh.namespaceURI) return 0;
    if (context.keys.get(live) !== context.keys.get(fresh)) return 0;
    if (runs(live) || runs(fresh)) return equal || scriptKey(live) === scriptKey(fresh) ? 50 : 0;
    if (live.localName === "input" && fieldKind(live) !== fieldKind(fresh)) return 0;
    if (live.localName === "link") {
      if (live.rel !== fresh.rel) return 0;
      return stem(live.getAttribute("href") ?? "") === stem(fresh.getAttribute("href") ?? "") ? 50 : 1;
    }
    const [mine, its] = [context.inside.get(live), context.inside.get(fresh)];
    let shared = 0;
    for (const key of mine ?? []) if (its?.has(key)) shared += 1;
    if (mine && its && shared === 0) return 0;
    let score = 4 + 60 * Math.min(shared, 8) + (equal ? 40 : 0) - (!mine !== !its ? 3 : 0);
    const before = recordOf(live), after = records.get(fresh);
    if (!equal && before.children === after.children) score += 15;
    for (const [name, value] of after.attributes) if (before.attributes.get(name) === value) score += 2;
    if (!equal && fresh.firstChild?.data && live.firstChild?.data === fresh.firstChild.data) score += 4;
    return score;
  }

  // Fresh → live, in the order of both, so that what is matched need not be moved.
  function align(live, fresh, context) {
    const pairs = new Map();
    let start = 0, a = live.length, b = fresh.length;
    const same = (i, j) =>
      recordOf(live[i]).digest === records.get(fresh[j]).digest && likeness(live[i], fresh[j], context) > 0;
    while (start < a && start < b && same(start, start)) pairs.set(fresh[start], live[start++]);
    while (a > start && b > start && same(a - 1, b - 1)) pairs.set(fresh[--b], live[--a]);
    const n = a - start, m = b - start;
    if (n === 0 || m === 0) return pairs;
    if (n * m > alignmentLimit) {
      for (let i = start, j = start; j < b && i < a; j += 1) {
        let best = 0, at = -1;
        for (let k = i; k < Math.min(a, i + alignmentWindow); k += 1) {
          const score = likeness(live[k], fresh[j], context);
          if (score > best) [best, at] = [score, k];
        }
        if (at >= 0) pairs.set(fresh[j], live[at]), (i = at + 1);
      }
      return pairs;
    }
    // The heaviest common subsequence; best[i][j] is what live[start+i…] and fresh[start+j…] give.
    const width = m + 1;
    const best = new Float64Array((n + 1) * width), score = new Float64Array(n * m);
    for (let i = n - 1; i >= 0; i -= 1) {
      for (let j = m - 1; j >= 0; j -= 1) {
        const both = (score[i * m + j] = likeness(live[start + i], fresh[start + j], context));
        best[i * width + j] = Math.max(
          best[(i + 1) * width + j], best[i * width + j + 1], both && both + best[(i + 1) * width + j + 1]);
      }
    }
    for (let i = 0, j = 0; i < n && j < m;) {
      const both = score[i * m + j];
      if (both && best[i * width + j] === both + best[(i + 1) * width + j + 1]) {
        pairs.set(fresh[start + j++], live[start + i++]);
      } else if (best[i * width + j] === best[(i + 1) * width + j]) i += 1;
      else j += 1;
    }
    return pairs;
  }

  function morphChildren(parent, fresh, context) {
    // At the top, what a script added (a dialog, a library's style sheet) is its own affair.
    const top = parent === document.head || parent === document.body;
    const live = [...parent.childNodes].filter(
      (node) => !context.doomed.has(node) && !isHeir(node) && !(top && !records.has(node)),
    );
    const news = [...fresh.childNodes];
    const pairs = align(live, news, context);
    const kept = new Set(pairs.values());
    for (const node of live) {
      if (kept.has(node) || isOwn(node)) continue;
      if (isKept(node)) continue;
      context.doomed.add(node);
    }
    let last = null;
    for (const next of news) {
      let node = pairs.get(next) ?? rescue(next, parent, context);
      const after = last ? last.nextSibling : parent.firstChild;
      if (node) {
        if (!pairs.has(next)) place(parent, node, after);
        morphNode(node, next, context);
      } else {
        node = insert(parent, next, after, context);
      }
      last = node;
    }
  }

  // The live element with the key of a fresh one that no sibling became: it has moved.
  function rescue(fresh, parent, context) {
    const node = context.byKey.get(context.keys.get(fresh));
    if (!node?.isConnected || node.contains(parent)) return null;
    context.doomed.delete(node);
    return node;
  }

  function place(parent, node, before) {
    if (node === before) return;
    if (parent.moveBefore && node.isConnected && parent.isConnected) {
      try {
        return void parent.moveBefore(node, before); // keeps focus, frames and what plays
      } catch {
        // Not possible here: the old way.
      }
    }
    parent.insertBefore(node, before);
  }

  function insert(parent, fresh, before, context) {
    if (isElement(fresh) && context.inside.has(fresh)) {
      // Something in it is in the page already, elsewhere: it is built anew around that.
      const shell = document.importNode(fresh, false);
      adjust(shell, context);
      records.set(shell, records.get(fresh));
      parent.insertBefore(shell, before);
      morphChildren(shell, fresh, context);
      return shell;
    }
    const node = document.adoptNode(fresh);
    if (isElement(node)) {
      for (const one of [node, ...node.querySelectorAll("*")]) adjust(one, context);
    }
    parent.insertBefore(node, before);
    return node;
  }

  function adjust(element, context) {
    if (isSheet(element)) context.sheets.push(element);
    if (runs(element) && !executed.has(scriptKey(element))) context.scripts.push(element);
  }

  // A script of a parsed document never runs; a copy of it does.
  function run(inert) {
    executed.add(scriptKey(inert));
    const copy = document.createElement("script");
    for (const { name, value } of inert.attributes) {
      if (name === "src") copy.src = policy ? policy.createScriptURL(value) : value;
      else copy.setAttribute(name, value);
    }
    if (inert.nonce) copy.nonce = inert.nonce;
    if (!inert.hasAttribute("src")) copy.text = policy ? policy.createScript(inert.textContent) : inert.textContent;
    if (!inert.hasAttribute("async")) copy.async = false;
    records.set(copy, recordOf(inert));
    inert.replaceWith(copy);
  }

  function morphNode(live, fresh, context) {
    if (isOwn(live)) return;
    const before = recordOf(live), after = records.get(fresh);
    if (before.digest === after.digest) return;
    if (isElement(live)) return morphElement(live, fresh, context);
    records.set(live, after);
    const [old, text] = [live.data, fresh.data];
    if (old === text) return;
    // Only the part that differs, so that a selection in the rest stays.
    let head = 0, tail = 0;
    const most = Math.min(old.length, text.length);
    while (head < most && old[head] === text[head]) head += 1;
    while (tail < most - head && old[old.length - 1 - tail] === text[text.length - 1 - tail]) tail += 1;
    live.replaceData(head, old.length - tail - head, text.slice(head, text.length - tail));
  }

  function morphElement(live, fresh, context) {
    if (isKept(live)) return;
    const before = recordOf(live), after = records.get(fresh);
    const selected = live.localName === "select" ? selectionOf(live) : null;
    const href = after.attributes.get("href");
    const swaps = isSheet(live) && href !== undefined && href !== before.attributes.get("href");
    morphAttributes(live, fresh, swaps ? /^(href|integrity)$/ : null);
    if (swaps) return swapSheet(live, href, after.attributes);
    if (before.children !== after.children) {
      if (live.localName === "template") live.content.replaceChildren(document.adoptNode(fresh.content));
      else if (live.localName === "style") live.textContent = fresh.textContent;
      else if (fresh.shadowRoot && live.shadowRoot) {
        morphChildren(live.shadowRoot, fresh.shadowRoot, context);
        morphChildren(live, fresh, context);
      } else if (!keepsChildren(live, fresh)) morphChildren(live, fresh, context);
    }
    if (selected) restoreSelection(live, selected);
    records.set(live, after);
  }

  function keepsChildren(live, fresh) {
    if (/^(iframe|canvas|object)$/.test(live.localName) || edited.has(live)) return true;
    return live.localName.includes("-") && !fresh.hasChildNodes(); // a custom element rendered them
  }

  // Does to the live element what the server changed between its last answer and this one.
  function morphAttributes(live, fresh, except = null) {
    const before = recordOf(live).attributes, after = records.get(fresh).attributes;
    for (const [name, value] of after) {
      if (before.get(name) === value || except?.test(name)) continue;
      if (name === "style") live.style.cssText = value;
      else if (name === "class") mergeClasses(live, before.get(name) ?? "", value);
      else if (name === "open" && live.localName === "dialog") live.open || live.show();
      else if (live.getAttribute(name) !== value) live.setAttributeNode(fresh.getAttributeNode(name).cloneNode());
    }
    for (const name of before.keys()) {
      if (after.has(name) || except?.test(name)) continue;
      if (name === "class") mergeClasses(live, before.get(name), "");
      else if (name === "open" && live.localName === "dialog") live.open && live.close();
      else live.removeAttribute(name);
    }
  }

  function mergeClasses(live, before, after) {
    const words = (text) => text.split(/\s+/).filter(Boolean);
    const now = new Set(words(after));
    live.classList.remove(...words(before).filter((word) => !now.has(word)));
    live.classList.add(...now);
  }

  function selectionOf(select) {
    const options = [...select.options];
    const none = !select.multiple && !options.some((one) => one.defaultSelected);
    const fallback = none ? options.find((one) => !one.disabled) : null;
    const touched = options.some((one) => one.selected !== (one.defaultSelected || one === fallback));
    return { touched, values: new Set(options.filter((one) => one.selected).map((one) => one.value)) };
  }

  function restoreSelection(select, { touched, values }) {
    const options = [...select.options];
    const chosen = touched && options.some((one) => values.has(one.value));
    const wanted = (one) => (chosen ? values.has(one.value) : one.defaultSelected);
    if (!chosen && !select.multiple && !options.some(wanted)) {
      select.selectedIndex = options.findIndex((one) => !one.disabled);
      return;
    }
    for (const one of options) if (one.selected !== wanted(one)) one.selected = wanted(one);
  }

  // What a person sees: errors, and a word while something takes its time. In a closed shadow root, out of reach of
  // the page's style sheets; in the top layer, above its dialogs; never taking the focus from a field in use.

  const css = `
    :host {
      all: initial !important; position: fixed !important; inset: 0 !important; display: block !important;
      width: 100vw !important; height: 100vh !important; overflow: visible !important; border: 0 !important;
      background: none !important; pointer-events: none !important; z-index: 2147483647 !important;
      color-scheme: light dark !important;
      --paper: #ffffff; --ink: #1d1f24; --faint: #666c78; --line: #e3e5ea; --code: #f6f7f9;
      --red: #c22b23; --mark: #fdeceb; --shadow: 0 1.5rem 4rem #1018281f, 0 .25rem 1rem #1018281f;
    }
    @media (prefers-color-scheme: dark) {
      :host {
        --paper: #1b1d22; --ink: #e8eaee; --faint: #9aa1ad; --line: #33373f; --code: #131519;
        --red: #ff8078; --mark: #43211f; --shadow: 0 1.5rem 4rem #000000b3, 0 .25rem 1rem #00000080;
      }
    }
    @media print { :host { display: none !important; } }
    * { box-sizing: border-box; }
    [hidden] { display: none !important; }
    section, output {
      position: absolute; pointer-events: auto; font: 15px/1.5 system-ui, sans-serif; color: var(--ink);
    }
    section {
      left: 50%; bottom: 1.25rem; translate: -50%; width: min(58rem, calc(100vw - 2.5rem));
      max-height: min(36rem, 72vh);
      display: flex; flex-direction: column; overflow: hidden;
      background: var(--paper); border: 1px solid var(--line); border-top: 3px solid var(--red);
      border-radius: 10px; box-shadow: var(--shadow);
    }
    header {
      display: flex; gap: .75rem; align-items: flex-start; padding: .9rem 1rem .8rem 1.25rem;
      border-bottom: 1px solid var(--line);
    }
    header div { flex: 1; min-width: 0; }
    h2 { margin: 0; font-size: 1.0625rem; line-height: 1.4; font-weight: 650; }
    header p { margin: 0; color: var(--faint); font-size: .875rem; }
    button {
      font: inherit; font-size: .8125rem; color: var(--ink); background: none; cursor: pointer;
      white-space: nowrap;
      border: 1px solid var(--line); border-radius: 6px; padding: .25rem .625rem;
    }
    button:hover { background: var(--code); }
    button:focus-visible { outline: 2px solid var(--red); outline-offset: 2px; }
    kbd { font: inherit; color: var(--faint); margin-left: .4rem; }
    ol { list-style: none; margin: 0; padding: 0 1.25rem; overflow: auto; overscroll-behavior: contain; }
    li { padding: 1rem 0 1.125rem; }
    li + li { border-top: 1px solid var(--line); }
    code, pre { font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
    .where { display: block; color: var(--faint); overflow-wrap: anywhere; }
    .where b { color: var(--ink); font-weight: 600; }
    .message {
      margin: .125rem 0 0; color: var(--red); font-weight: 550; white-space: pre-wrap;
      overflow-wrap: anywhere;
    }
    pre {
      margin: .75rem 0 0; padding: .5rem 0; background: var(--code); border: 1px solid var(--line);
      border-radius: 7px; overflow: auto; tab-size: 4;
    }
    pre span {
      display: block; width: max-content; min-width: 100%; padding-right: 1rem;
      border-left: 3px solid transparent;
    }
    pre i {
      display: inline-block; width: 2.75rem; margin-right: 1rem; text-align: right; font-style: normal;
      color: var(--faint); user-select: none;
    }
    pre u { visibility: hidden; text-decoration: none; }
    pre .marked { background: var(--mark); border-left-color: var(--red); }
    pre .caret {
      background: var(--mark); border-left-color: var(--red); color: var(--red); font-weight: 700;
      line-height: 1; padding-bottom: .3em; user-select: none;
    }
    pre.output { padding: .75rem 1rem; max-height: 26rem; }
    output {
      right: 1rem; bottom: 1rem; max-width: calc(100vw - 2rem); display: flex; gap: .625rem;
      align-items: center; padding: .4rem .875rem;
      font-size: .8125rem; background: var(--paper); border: 1px solid var(--line); border-radius: 1.25rem;
      box-shadow: var(--shadow);
    }
    output::before {
      content: ""; width: .5rem; height: .5rem; border-radius: 50%; background: var(--faint); flex: none;
    }
    output.busy::before { background: #d18b12; animation: pulse 1.2s ease-in-out infinite alternate; }
    @keyframes pulse { to { opacity: .25; } }
    @media (prefers-reduced-motion: reduce) { output.busy::before { animation: none; } }
    @media (max-width: 40rem) {
      section {
        bottom: 0; width: 100vw; max-height: 66vh; border-width: 3px 0 0; border-radius: 12px 12px 0 0;
      }
      header { padding: .75rem .75rem .75rem 1rem; }
      ol { padding: 0 1rem; }
      kbd { display: none; }
      pre i { width: 2rem; margin-right: .75rem; }
    }
  `;

  function make(name, { text, ...properties } = {}, ...children) {
    const element = Object.assign(document.createElement(name), properties);
    if (text !== undefined) element.textContent = text;
    element.append(...children.filter(Boolean));
    return element;
  }

  const layer = {
    host: make("hotreload-overlay"),
    root: null,

    show(...elements) {
      if (!this.root) {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(css);
        this.root = this.host.attachShadow({ mode: "closed" });
        this.root.adoptedStyleSheets = [sheet];
      }
      if (!this.host.isConnected) {
        document.documentElement.append(this.host);
        if (this.host.showPopover) {
          this.host.popover = "manual";
          this.host.showPopover();
        }
      }
      this.root.append(...elements);
    },

    remove(element) {
      element?.remove();
      if (!this.root?.hasChildNodes()) this.host.remove();
    },
  };

  const overlay = {
    section: null,
    shown: null, // what is wrong, as text, also while its panel is dismissed
    expected: 0, // the timer that ends the wait for it after a reconnect

    showErrors(errors) {
      if (errors.length === 0) return this.clear();
      const many = errors.length > 1 ? `${errors.length} errors` : "This change was not applied";
      const items = errors.slice(0, shownErrors).map(errorItem);
      if (errors.length > shownErrors) {
        items.push(make("li", { text: `and ${errors.length - shownErrors} more` }));
      }
      this.show(JSON.stringify(errors), many, "The last good version is still being served.", items);
    },

    showBuild(text) {
      const item = make("li", {}, make("pre", { className: "output", text, tabIndex: 0 }));
      this.show(text, "The program does not build", "This page is from the last build that did.", [item]);
    },

    show(content, title, subtitle, items) {
      clearTimeout(this.expected);
      if (content === this.shown) return; // the same again, which may have been dismissed
      this.remove();
      this.shown = content;
      const onclick = () => this.remove();
      const dismiss = make("button", { type: "button", onclick }, "Dismiss", make("kbd", { text: "Esc" }));
      const words = make("div", {}, make("h2", { text: title }), make("p", { text: subtitle }));
      this.section = make("section", {}, make("header", {}, words, dismiss), make("ol", { tabIndex: 0 }, ...items));
      this.section.setAttribute("aria-label", "Live reload");
      words.setAttribute("role", "alert");
      layer.show(this.section);
    },

    // Takes the panel away. What it showed is not shown again until something else was.
    remove() {
      layer.remove(this.section);
      this.section = null;
    },

    clear() {
      this.shown = null;
      this.remove();
    },

    // After a reconnect: what is still wrong is sent again at once, else it is right.
    expectAgain() {
      clearTimeout(this.expected);
      this.expected = setTimeout(() => this.clear(), repeatDeadline);
    },
  };

  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && overlay.section && !event.isComposing) overlay.remove();
  }, true);

  function errorItem({ unit, file, line, column, keyPath, message, excerpt }) {
    const position = [line, column].filter((one) => one != null).map((one) => `:${one}`).join("");
    const where = make("code", { className: "where" }, make("b", { text: file ? file + position : String(unit) }));
    if (file && unit && unit !== file) where.append(`  ${unit}`);
    if (keyPath) where.append(`  ${keyPath}`);
    return make("li", {}, where, make("p", { className: "message", text: String(message) }),
      Array.isArray(excerpt?.lines) && excerptOf(excerpt, line, column));
  }

  function excerptOf({ first, lines }, line, column) {
    const pre = make("pre", { tabIndex: 0 });
    lines.forEach((text, index) => {
      const number = first + index, marked = number === line;
      pre.append(make("span", { className: marked ? "marked" : "" }, make("i", { text: number }), text || " "));
      if (!marked || !(column > 0)) return;
      // The same text, unseen, before the caret: right for tabs and for wide characters.
      const before = [...text].slice(0, column - 1).join("");
      pre.append(make("span", { className: "caret" }, make("i", { text: " " }), make("u", { text: before }), "^"));
    });
    return pre;
  }

  const indicator = {
    output: null,

    show(text, action) {
      this.hide();
      this.output = make("output", { text, className: action === undefined ? "busy" : "" });
      if (action !== undefined) {
        const onclick = action ?? (() => this.hide());
        this.output.append(make("button", { type: "button", text: action ? "Go there" : "Close", onclick }));
      }
      layer.show(this.output);
    },

    hide() {
      layer.remove(this.output);
      this.output = null;
    },
  };

  snapshot(document.documentElement);
  // Scripts in the head set classes on the root before anybody can look: none of its attributes is known to be sent.
  record(document.documentElement, new Map(), NaN);
  for (const one of document.scripts) {
    if (!runs(one)) continue;
    executed.add(scriptKey(one));
    if (!one.hasAttribute("src") && !isKept(one)) sentScripts.add(scriptKey(one));
  }
  connect();
})();
