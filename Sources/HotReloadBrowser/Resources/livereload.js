// A small client for LiveReload protocol 7, for pages that name /livereload.js themselves.
// Pages that this server made need none: they have /_hotreload/client.js, which does more.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || document.querySelector("script[data-hotreload]")) return;
  const address = new URL("/livereload", script.src || location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const protocols = ["http://livereload.com/protocols/official-7"];
  const firstWait = 500;
  const longestWait = 10000;
  let wait = firstWait;
  let wasConnected = false;

  const pathOf = (url) => new URL(url, location.href).pathname;

  // The new stylesheet takes the place of the old one when it has loaded; if that fails the old one stays.
  function replaceStylesheet(link) {
    const url = new URL(link.href);
    url.searchParams.set("livereload", Date.now().toString(36));
    const next = link.cloneNode();
    next.href = url.href;
    next.onload = () => link.remove();
    next.onerror = () => next.remove();
    link.after(next);
  }

  function reload(message) {
    const path = String(message.path || "");
    if (message.liveCSS !== false && /\.css$/i.test(path)) {
      const links = [...document.querySelectorAll("link[rel~=stylesheet][href]")];
      const named = links.filter((link) => pathOf(link.href) === pathOf(path));
      if (named.length > 0) return named.forEach(replaceStylesheet);
    }
    location.reload();
  }

  function connect() {
    const socket = new WebSocket(address);
    socket.onopen = () => {
      socket.send(JSON.stringify({ command: "hello", protocols, ver: "1.0" }));
    };
    socket.onmessage = (event) => {
      let message;
      try { message = JSON.parse(event.data); } catch { return; }
      if (message.command === "hello") {
        if (wasConnected) return location.reload();
        wasConnected = true;
        wait = firstWait;
      } else if (message.command === "reload") {
        reload(message);
      }
    };
    socket.onclose = () => {
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, longestWait);
    };
  }

  connect();
})();
