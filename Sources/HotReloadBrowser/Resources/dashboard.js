// The dashboard: fetches what it shows when the server says that something is new, and every few seconds while it is looked
// at. Everything that comes from outside becomes text, never markup.
"use strict";

(() => {
  const base = "/_hotreload/";
  const token = document.documentElement.dataset.token;
  const refreshInterval = 5_000;
  const pageSize = 20;
  const maximumTreeNodes = 300;
  const maximumAssetRows = 300;
  const searchDelay = 200;
  const phaseNames = {
    classify: "Find units", load: "Load", compare: "Compare", validate: "Validate", prepare: "Prepare", swap: "Swap",
    publish: "Publish", activate: "Activate", verify: "Verify", retire: "Retire",
  };
  const outcomes = {
    applied: ["good", "Applied", "check"], recovered: ["good", "Recovered", "check"], unchanged: ["", "Unchanged", "equal"],
    told: ["", "Files only", "equal"], rejected: ["bad", "Rejected", "cross"], refused: ["bad", "Refused", "cross"],
    quarantined: ["warn", "Quarantined", "bang"], rolledBack: ["bad", "Rolled back", "back"],
  };
  const states = {
    healthy: ["good", "Healthy", "check"], degraded: ["warn", "Degraded", "bang"], stopped: ["bad", "Stopped", "cross"],
    paused: ["warn", "Paused", "pause"],
  };
  const icons = {
    check: "M2 6.5 5 9.5 10 3", cross: "M2.5 2.5 9.5 9.5M9.5 2.5 2.5 9.5", equal: "M2 4.2H10M2 7.8H10", bang: "M6 2V7M6 10V10",
    back: "M5 2 2 5 5 8M2 5H8a2.5 2.5 0 0 1 0 5H6", pause: "M4 2.5V9.5M8 2.5V9.5",
  };

  const shown = { limit: pageSize, unchanged: false, template: null };
  let data = null;
  let content = null;
  let contentVersion = null;
  let assetsFound = null;

  // Making elements.

  const byId = (id) => document.getElementById(id);

  function h(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties ?? {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
  }

  function svg(tag, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  const badge = ([kind, text, icon]) => h("span", { class: `badge ${kind}` },
    svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, svg("path", { d: icons[icon] })), text);

  const swatch = (name) => svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" },
    svg("rect", { width: 10, height: 10, rx: 2, class: name }));

  function table(heads, rows, label) {
    const cell = (value, index) => {
      const isHead = index === 0 && !heads[0].number;
      const kind = heads[index].number ? "number" : heads[index].short ? "whole-word" : "break";
      return h(isHead ? "th" : "td", { scope: isHead ? "row" : null, class: kind, "data-head": heads[index].text }, h("span", {}, value ?? ""));
    };
    const isStacked = !heads[0].narrow;
    return h("div", { class: isStacked ? "scroll stacked" : "scroll", role: "region", tabindex: "0", "aria-label": label },
      h("table", {},
        h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col", class: head.number ? "number" : null }, head.text)))),
        h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell))))));
  }

  const facts = (pairs) => h("dl", { class: "facts" },
    pairs.filter(([, value]) => value !== null && value !== undefined).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

  /** Fills an element anew if what it shows has changed, so that selections and focus survive all other refreshes. */
  const remembered = new Map();
  function fill(id, source, make) {
    const key = JSON.stringify(source) ?? "";
    if (remembered.get(id) === key) return;
    remembered.set(id, key);
    byId(id).replaceChildren(...[make()].flat().filter(Boolean));
  }

  // Writing values.

  const number = new Intl.NumberFormat("en");
  const plural = (count, one, many = `${one}s`) => `${number.format(count)} ${count === 1 ? one : many}`;

  function milliseconds(value) {
    if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
    if (value >= 100) return `${Math.round(value)} ms`;
    if (value >= 10) return `${value.toFixed(1)} ms`;
    return value === 0 ? "0 ms" : `${value.toFixed(value < 0.01 ? 3 : 2)} ms`;
  }
  const nanoseconds = (value) => milliseconds(value / 1e6);
  const microseconds = (value) => milliseconds(value / 1e3);

  function bytes(value) {
    if (value < 1000) return `${value} B`;
    return value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`;
  }

  function clock(time) {
    const date = new Date(time / 1e6);
    const text = date.toLocaleTimeString("en-GB");
    return Date.now() - date.getTime() < 20 * 3600e3 ? text : `${date.toLocaleDateString("en-CA")} ${text}`;
  }
  const timeElement = (time) => h("time", { datetime: new Date(time / 1e6).toISOString() }, clock(time));

  function age(time) {
    const seconds = Math.max(0, (Date.now() - time / 1e6) / 1000);
    if (seconds < 60) return "less than a minute";
    if (seconds < 3600) return plural(Math.floor(seconds / 60), "minute");
    if (seconds < 86_400) return plural(Math.floor(seconds / 3600), "hour");
    return plural(Math.floor(seconds / 86_400), "day");
  }

  const place = (error) => !error.file ? null
    : error.line ? `${error.file}:${error.line}:${error.column ?? 1}` : error.file;

  // The top.

  function showTop() {
    const { status } = data;
    byId("instance").textContent = data.instance;
    byId("generation").textContent = number.format(status.generation);
    const state = !status.isRunning ? "stopped" : status.isPaused ? "paused" : status.health;
    const element = badge(states[state] ?? ["", state, "equal"]);
    element.id = "state";
    byId("state").replaceWith(element);
    const since = byId("since");
    since.dateTime = new Date(status.healthSince / 1e6).toISOString();
    since.textContent = `${clock(status.healthSince)}, for ${age(status.healthSince)}`;
    byId("pause").textContent = status.isPaused ? "Resume" : "Pause";
    byId("reasons").hidden = status.reasons.length === 0;
    fill("reasons-list", status.reasons, () => status.reasons.map((reason) => h("li", {}, reason)));
    document.title = `${state === "healthy" ? "" : `${states[state]?.[1] ?? state} · `}Hot reload ${status.generation}`;
  }

  function showSections() {
    const sections = [...document.querySelectorAll("main section[id]")].filter((section) => !section.hidden);
    const entries = sections.map((section) => [section.id, section.querySelector("h2").textContent]);
    fill("sections", entries, () => entries.map(([id, text]) => h("li", {}, h("a", { href: `#${id}` }, text))));
  }

  // Reloads.

  function phaseBar(reload, isTall) {
    const total = reload.phases.reduce((sum, phase) => sum + phase.duration, 0);
    let x = 0;
    const parts = reload.phases.map((phase) => {
      const width = total > 0 ? (phase.duration / total) * 1000 : 0;
      const text = `${phaseNames[phase.phase] ?? phase.phase}: ${nanoseconds(phase.duration)}`;
      const part = svg("rect", { x, y: 0, width, height: 10, class: `p-${phase.phase}` }, svg("title", {}, text));
      x += width;
      return part;
    });
    const label = total > 0
      ? reload.phases.map((phase) => `${phaseNames[phase.phase] ?? phase.phase} ${nanoseconds(phase.duration)}`).join(", ")
      : "No phases";
    return svg("svg", {
      viewBox: "0 0 1000 10", preserveAspectRatio: "none", class: isTall ? "bar tall" : "bar", role: "img", "aria-label": label,
    }, ...parts);
  }

  function legend(reload) {
    const total = Math.max(1, reload.phases.reduce((sum, phase) => sum + phase.duration, 0));
    return h("ul", { class: "legend" }, reload.phases.map((phase) => h("li", {},
      swatch(`p-${phase.phase}`), h("span", {}, phaseNames[phase.phase] ?? phase.phase),
      h("span", { class: "number" }, nanoseconds(phase.duration)),
      h("span", { class: "dim" }, `${Math.round((phase.duration / total) * 100)} %`))));
  }

  function excerpt(error) {
    if (!error.excerpt) return null;
    const lines = error.excerpt.lines.map((line, index) => {
      const at = error.excerpt.first + index;
      return h("code", { class: at === error.line ? "here" : null },
        h("span", {}, at === error.line ? `▸ ${at}` : String(at)), line || " ");
    });
    return h("pre", { class: "excerpt", tabindex: "0", role: "region", "aria-label": `Lines of ${error.file}` }, lines);
  }

  const problem = (error) => h("div", { class: "problem" },
    h("p", {}, place(error) ? h("span", { class: "place" }, place(error)) : null, " ", h("span", { class: "dim" }, error.unit)),
    h("p", {}, error.keyPath ? h("code", {}, `${error.keyPath}: `) : null, error.message), excerpt(error));

  function difference(entry) {
    const value = (text, kind) => text === undefined ? h("span", { class: "dim" }, "none") : h("code", { class: kind }, text);
    return [h("code", {}, `${entry.config} ${entry.keyPath}`), value(entry.old, "old"), value(entry.new, "new")];
  }

  function plot(strip, { until, from, to, label }) {
    const slots = Math.max(1, Math.ceil((until - strip.from) / strip.width));
    const top = Math.max(1, ...strip.p95);
    const bars = strip.at.flatMap((slot, index) => {
      const bar = (value, kind) => svg("rect", {
        x: slot + 0.1, width: 0.8, y: 40 - Math.max(1, (value / top) * 38), height: Math.max(1, (value / top) * 38), class: kind,
      });
      const failed = strip.errors[index] > 0 ? svg("rect", { x: slot + 0.1, width: 0.8, y: 41, height: 3, class: "fail" }) : null;
      return [bar(strip.p95[index], "high"), bar(strip.p50[index], "mid"), failed];
    });
    const marks = [];
    for (const [begin, end] of to) {
      const x = (begin - strip.from) / strip.width;
      const width = (end - begin) / strip.width;
      if (x < 0 || x > slots) continue;
      marks.push(svg("rect", { x, y: 0, width: Math.max(width, 0.15), height: 40, class: "span" }));
      marks.push(svg("line", { x1: x, x2: x, y1: 0, y2: 40, class: "mark" }));
    }
    return h("figure", {},
      h("ul", { class: "plot-key" },
        h("li", {}, swatch("mid"), "p50: half took at most that"), h("li", {}, swatch("high"), "p95"),
        to.length > 0 ? h("li", {}, swatch("mark"), "reload") : null, h("li", {}, `top: ${microseconds(top)}`)),
      svg("svg", { viewBox: `0 0 ${slots} 44`, preserveAspectRatio: "none", class: "plot", height: 56, role: "img", "aria-label": label },
        svg("line", { x1: 0, x2: slots, y1: 40, y2: 40, class: "axis" }), ...marks, ...bars),
      h("div", { class: "plot-ends" }, h("span", {}, from[0]), h("span", {}, from[1])));
  }

  const summaryHeads = ["", "Count", "Failed", "p50", "p95", "Longest"].map((text, index) => ({ text, number: index > 0, short: true, narrow: true }));
  const summaryRow = (name, summary) => [name, number.format(summary.count), number.format(summary.errors),
    summary.count ? microseconds(summary.p50) : "–", summary.count ? microseconds(summary.p95) : "–",
    summary.count ? microseconds(summary.longest) : "–"];

  function latency(reload) {
    const around = reload.latency;
    if (!around || around.strip.at.length === 0) return null;
    const begin = reload.time - reload.duration;
    const label = `Requests around the reload: before, 95 of 100 took at most ${microseconds(around.before.p95)}; `
      + `from its begin on, ${microseconds(around.after.p95)}; ${plural(around.after.errors, "failure")}.`;
    const seconds = (time) => `${((time - begin) / 1e9).toFixed(1)} s`;
    const until = reload.time + 3e9;
    return h("div", { class: "whole" }, h("h3", {}, "Requests around it"),
      plot(around.strip, { until, from: [seconds(around.strip.from), `+${seconds(until)}`], to: [[begin, reload.time]], label }),
      table(summaryHeads, [summaryRow("Before", around.before), summaryRow("After", around.after)], "Requests before and after the reload"));
  }

  function reloadBody(reload) {
    const section = (title, ...parts) => h("div", {}, h("h3", {}, title), ...parts);
    const whole = (title, ...parts) => h("div", { class: "whole" }, h("h3", {}, title), ...parts);
    const changes = { created: "new", modified: "changed", deleted: "deleted", renamed: "renamed", subtreeChanged: "folder changed" };
    const fileText = (file) => [h("code", {}, file.path), h("span", { class: "dim" },
      file.from ? `, renamed from ${file.from}` : ` ${changes[file.change] ?? file.change}`)];
    return [
      reload.errors.length ? whole(plural(reload.errors.length, "error"), reload.errors.map(problem)) : null,
      reload.phases.length ? whole(`Phases, ${nanoseconds(reload.duration)} in all`, phaseBar(reload, true), legend(reload)) : null,
      reload.differences.length ? whole("What changed", table([{ text: "Value" }, { text: "Before" }, { text: "Now" }],
        reload.differences.map(difference), "Values that changed")) : null,
      reload.units.length ? section("Units", h("ul", { class: "list" }, reload.units.map((unit) => h("li", {},
        badge(outcomes[unit.outcome] ?? ["", unit.outcome, "equal"]), unit.unit,
        unit.differences ? h("span", { class: "dim" }, `, ${plural(unit.differences, "value")}`) : null)))) : null,
      reload.files.length ? section("Files", h("ul", { class: "list" }, reload.files.map((file) => h("li", {}, fileText(file))))) : null,
      reload.notices.length ? section("Watching", h("ul", { class: "list" }, reload.notices.map((notice) => h("li", {}, notice)))) : null,
      latency(reload),
      reload.leftOut > 0 ? h("p", { class: "dim whole" }, `${plural(reload.leftOut, "more entry", "more entries")} not shown.`) : null,
      reload.missedBefore > 0 ? h("p", { class: "dim whole" }, `${plural(reload.missedBefore, "reload")} before this one not recorded.`) : null,
    ].filter(Boolean);
  }

  function headline(reload) {
    const changed = reload.units.filter((unit) => unit.isChanged || !["unchanged"].includes(unit.outcome));
    const units = (changed.length ? changed : reload.units).map((unit) => unit.unit);
    if (units.length === 0) return reload.files.length ? reload.files.map((file) => file.path).join(", ") : "Watching";
    return units.length > 3 ? `${units.slice(0, 3).join(", ")} and ${units.length - 3} more` : units.join(", ");
  }

  function subline(reload) {
    const by = { watcher: "saved", reload: "asked for", start: "start", registration: "first use", restore: "restored", verify: "health check" };
    const error = reload.errors[0];
    if (error) return [place(error), error.keyPath, error.message].filter(Boolean).join(" · ");
    const files = reload.units.length ? reload.files.map((file) => file.path) : [];
    return [reload.producers.map((producer) => by[producer] ?? producer).join(", "), files.slice(0, 2).join(", ")
      + (files.length > 2 ? ` and ${files.length - 2} more` : "")].filter(Boolean).join(" · ");
  }

  const isBad = (reload) => reload.errors.length > 0;
  const rows = new Map();

  function reloadRow(reload, isFresh) {
    let row = rows.get(reload.number);
    if (!row) {
      const summary = h("summary");
      const body = h("div", { class: "reload-body" });
      const details = h("details", { class: `reload${isBad(reload) ? " bad" : ""}${isFresh ? " fresh" : ""}` }, summary, body);
      row = { item: h("li", {}, details), details, summary, body, key: null, drawn: null };
      details.addEventListener("toggle", () => drawBody(row));
      rows.set(reload.number, row);
    }
    const key = JSON.stringify(reload);
    if (row.key === key) return row;
    row.key = key;
    row.reload = reload;
    row.summary.replaceChildren(
      h("span", { class: "reload-number" }, `#${number.format(reload.generation)}`), badge(outcomes[reload.outcome] ?? ["", reload.outcome, "equal"]),
      h("span", { class: "reload-what" }, h("b", {}, headline(reload)), h("span", {}, timeElement(reload.time), ` · ${subline(reload)}`)),
      phaseBar(reload, false), h("span", { class: "reload-took" }, nanoseconds(reload.duration)));
    drawBody(row);
    return row;
  }

  function drawBody(row) {
    if (!row.details.open || row.drawn === row.key) return;
    row.drawn = row.key;
    row.body.replaceChildren(...reloadBody(row.reload));
  }

  function showReloads(isFirst) {
    const all = data.reloads.filter((reload) => shown.unchanged || !["unchanged"].includes(reload.outcome));
    const visible = all.slice(0, shown.limit);
    const numbers = new Set(data.reloads.map((reload) => reload.number));
    for (const number of rows.keys()) if (!numbers.has(number)) rows.delete(number);
    const list = byId("reload-list");
    const items = visible.map((reload) => reloadRow(reload, !isFirst && !seen.has(reload.number)));
    if (isFirst && items[0]) items[0].details.open = true;
    // Rows that stay are not moved: moving would take the focus away.
    const wanted = new Set(items.map((row) => row.item));
    for (const item of [...list.children]) if (!wanted.has(item)) item.remove();
    items.forEach((row, index) => {
      if (list.children[index] !== row.item) list.insertBefore(row.item, list.children[index] ?? null);
    });
    byId("reload-none").hidden = visible.length > 0;
    byId("more").hidden = visible.length >= all.length;
    byId("more").textContent = `Show ${Math.min(pageSize, all.length - visible.length)} of ${all.length - visible.length} older ones`;
    if (!isFirst) announce(data.reloads.filter((reload) => !seen.has(reload.number)));
    for (const reload of data.reloads) seen.add(reload.number);
  }

  const seen = new Set();
  function announce(fresh) {
    if (fresh.length === 0) return;
    const newest = fresh[0];
    const text = `${outcomes[newest.outcome]?.[1] ?? newest.outcome}: ${headline(newest)}, generation ${newest.generation}.`;
    byId("announcement").textContent = newest.errors.length ? `${text} ${subline(newest)}` : text;
  }

  // Beside.

  function showRequests() {
    fill("requests-body", [data.requests, data.reloads.length], () => {
      if (!data.requests) return h("p", { class: "empty" }, "No request in the last minute.");
      const { strip, summary } = data.requests;
      const until = strip.from + 60e9;
      const marks = data.reloads.map((reload) => [reload.time - reload.duration, reload.time]).filter(([, end]) => end >= strip.from);
      const label = `Requests of the last minute: ${summary.count}, of which ${summary.errors} failed; half took at most `
        + `${microseconds(summary.p50)}, 95 of 100 ${microseconds(summary.p95)}; ${plural(marks.length, "reload")} meanwhile.`;
      return h("div", { class: "card" }, plot(strip, { until, from: ["a minute ago", "now"], to: marks, label }),
        table(summaryHeads.slice(1), [summaryRow("", summary).slice(1)], "Requests of the last minute"));
    });
  }

  function showUnits() {
    const { units } = data.status;
    const unitStates = { inForce: ["good", "In force", "check"], rejected: ["bad", "Older in force", "cross"], missing: ["bad", "Missing", "cross"] };
    fill("units-body", units, () => units.length === 0 ? h("p", { class: "empty" }, "Nothing is loaded.")
      : h("div", { class: "card" }, table([{ text: "Unit" }, { text: "State", short: true }, { text: "Generation", number: true }, { text: "Since" }],
        units.map((unit) => {
          const since = unit.rejectedSince ?? unit.inForceSince;
          return [unit.unit, badge(unitStates[unit.state] ?? ["", unit.state, "equal"]),
            unit.generation === undefined ? "–" : number.format(unit.generation), since ? timeElement(since) : "–"];
        }), "Units")));
  }

  function showStatus() {
    const { status, journal } = data;
    const waiting = Object.entries(status.queues).filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`).join(", ");
    fill("status-body", [{ ...status, reasons: null, units: null, lastReport: null }, journal], () => [
      h("div", { class: "card" }, facts([
        ["Streams", plural(status.streams, "watched type")], ["Participants", status.participants.join(", ") || "none"],
        ["Slow to let go", status.retireOverdue.length ? status.retireOverdue.join(", ") : null],
        ["On trial", status.isBaking ? "what is in force is still baking" : null],
        ["Watching", status.watch ? `${status.watch.backend}, ${plural(status.watch.directories, "folder")}, ${plural(status.watch.files, "file")}` : "unknown"],
        ["Polled", status.degradedFolders.length ? status.degradedFolders.map((folder) => `${folder.path || "."}: ${folder.reason}`).join("; ") : null],
        ["Journal", !journal.isKept ? "not kept" : journal.problem ?? "all is written"], ["Waiting", waiting || "nothing"],
        ["Events dropped", number.format(status.droppedEvents)],
        ["Outcomes", Object.entries(status.outcomes).filter(([, count]) => count > 0).map(([name, count]) => `${outcomes[name]?.[1] ?? name} ${number.format(count)}`).join(", ") || "none yet"],
        ["Last success", status.lastSuccess ? timeElement(status.lastSuccess) : "none"], ["Listening since", timeElement(data.since)],
      ])),
      status.handlers.length === 0 ? null : h("div", { class: "card" }, h("h3", {}, "Handlers"), table(
        [{ text: "Pattern" }, { text: "Handled", number: true }, { text: "Failed", number: true }, { text: "Dropped", number: true }, { text: "Waiting", number: true }],
        status.handlers.map((handler) => [h("code", {}, handler.pattern), ...[handler.handled, handler.failed, handler.dropped, handler.waiting].map((count) => number.format(count))]), "Handlers")),
    ]);
  }

  function showOthers() {
    fill("others", data.sections, () => data.sections.map((section, index) => {
      const heads = section.table.columns.map((text) => ({ text }));
      return h("section", { id: `section-${index}`, "aria-labelledby": `section-${index}-title` },
        h("h2", { id: `section-${index}-title` }, section.name),
        section.table.fields.length ? h("div", { class: "card" }, facts(section.table.fields.map((field) => [field.name, field.value]))) : null,
        heads.length ? h("div", { class: "card" }, table(heads, section.table.rows.map((row) => row.slice(0, heads.length)), section.name)) : null);
    }));
  }

  // Templates.

  let graph = null;

  function buildGraph(templates) {
    const nodes = new Map(templates.map((template) => [template.path, template]));
    const usedBy = new Map();
    for (const template of templates) {
      for (const used of template.uses) usedBy.set(used, [...(usedBy.get(used) ?? []), template.path]);
    }
    return { nodes, usedBy, uses: (path) => nodes.get(path)?.uses ?? [], users: (path) => usedBy.get(path) ?? [] };
  }

  function reach(start, next) {
    const found = new Set();
    const waiting = [start];
    while (waiting.length > 0) for (const path of next(waiting.pop())) if (!found.has(path)) { found.add(path); waiting.push(path); }
    found.delete(start);
    return found;
  }

  function tree(start, next) {
    let nodes = 0;
    const drawn = new Set([start]);
    const branch = (path) => {
      const children = next(path);
      if (children.length === 0) return null;
      return h("ul", {}, children.map((child) => {
        if (++nodes > maximumTreeNodes) return null;
        const isKnown = graph.nodes.has(child);
        const isRepeated = drawn.has(child);
        drawn.add(child);
        return h("li", {},
          isKnown ? h("button", { type: "button", onclick: () => selectTemplate(child, true) }, child) : h("span", { class: "mono break" }, child),
          isKnown ? null : h("span", { class: "dim" }, " is not there"),
          isRepeated && next(child).length ? h("span", { class: "dim" }, " shown already") : null, isRepeated ? null : branch(child));
      }));
    };
    return h("div", { class: "tree" }, branch(start));
  }

  function selectTemplate(path, moves) {
    shown.template = shown.template === path && !moves ? null : path;
    showTemplateList();
    showTemplateDetail();
    if (!moves) return;
    const button = [...byId("template-list").querySelectorAll("button")].find((candidate) => candidate.dataset.path === path);
    button?.scrollIntoView({ block: "nearest" });
    button?.focus({ preventScroll: true });
  }

  function showTemplateList() {
    const filter = byId("template-filter").value.trim().toLowerCase();
    const selected = shown.template;
    const affected = selected ? reach(selected, graph.users) : new Set();
    const used = selected ? reach(selected, graph.uses) : new Set();
    const paths = [...graph.nodes.keys()].filter((path) => path.toLowerCase().includes(filter) || path === selected);
    fill("template-list", [paths, selected, content.templates], () => paths.length === 0 ? h("li", { class: "dim" }, "No template has that in its name.")
      : paths.map((path) => {
        const relation = affected.has(path) ? "depends on it" : used.has(path) ? "is in it"
          : graph.nodes.get(path).problem ? "has an error" : plural(graph.users(path).length, "user");
        const kind = affected.has(path) ? "reached" : used.has(path) ? "used" : null;
        return h("li", {}, h("button", {
          type: "button", class: kind, "aria-pressed": String(path === selected), "data-path": path, onclick: (event) => choose(path, event),
        }, h("span", {}, path), h("span", {}, path === selected ? "selected" : relation)));
      }));
  }

  function choose(path, event) {
    const scroll = byId("template-scroll").scrollTop;
    selectTemplate(path, false);
    byId("template-scroll").scrollTop = scroll;
    if (event.detail === 0 || document.activeElement === document.body) {
      [...byId("template-list").querySelectorAll("button")].find((button) => button.dataset.path === path)?.focus({ preventScroll: true });
    }
  }

  function showTemplateDetail() {
    const path = shown.template;
    fill("template-detail", [path, content.templates], () => {
      if (!path || !graph.nodes.has(path)) {
        const most = [...graph.nodes.keys()].map((name) => [name, reach(name, graph.users).size]).filter(([, count]) => count > 0)
          .sort((first, second) => second[1] - first[1]).slice(0, 8);
        const unknown = total("template") - graph.nodes.size;
        return [h("p", { class: "dim" }, `${plural(graph.nodes.size, "template")}. Choose one to see what is in it and what depends on it.`
          + (unknown > 0 ? ` ${number.format(unknown)} more are found by the filter.` : "")),
          most.length ? h("h3", {}, "A change of these concerns most") : null,
          most.length ? h("ul", { class: "tree" }, most.map(([name, count]) => h("li", {},
            h("button", { type: "button", onclick: () => selectTemplate(name, true) }, name), h("span", { class: "dim" }, ` ${plural(count, "template")}`)))) : null];
      }
      const template = graph.nodes.get(path);
      const affected = reach(path, graph.users);
      return [
        h("h3", { class: "mono break" }, path),
        template.problem ? h("div", { class: "problem" }, h("p", {}, template.problem)) : null,
        template.usesAny ? h("p", {}, "It includes a template by a name that is known only when it renders, so it may depend on any.") : null,
        h("h3", {}, affected.size ? `A change of it concerns ${plural(affected.size, "other template")}` : "No other template depends on it"),
        affected.size ? tree(path, graph.users) : null,
        h("h3", {}, template.uses.length ? "What is in it" : "It includes no other template"), template.uses.length ? tree(path, graph.uses) : null,
      ];
    });
  }

  function showContent() {
    byId("templates").hidden = !content?.templates;
    byId("assets").hidden = !content?.assets;
    if (content?.templates) {
      graph = buildGraph(content.templates);
      filterTemplates();
      showTemplateDetail();
    }
    if (content?.assets) filterAssets();
  }

  /** How many templates or assets there are, also those that the server did not send. */
  const total = (kind) => content[`${kind}Count`] ?? content[`${kind}s`].length;

  const filterOf = (kind) => byId(`${kind}-filter`).value.trim().toLowerCase();

  const searches = new Map();

  /** Has the server look for what a filter wants, when it did not send everything and nobody types any more. */
  function search(kind, take) {
    clearTimeout(searches.get(kind));
    const filter = filterOf(kind);
    if (filter === "" || content[`${kind}s`].length >= total(kind)) return;
    searches.set(kind, setTimeout(async () => {
      try {
        const response = await fetch(`${base}content.json?find=${encodeURIComponent(filter)}`, { cache: "no-store" });
        if (response.ok && filterOf(kind) === filter) take(await response.json(), filter);
      } catch {
        // That the server cannot be reached is said by whoever asks it regularly.
      }
    }, searchDelay));
  }

  function filterTemplates() {
    if (!graph) return;
    showTemplateList();
    search("template", (answer) => {
      const known = new Map([...content.templates, ...answer.templates].map((template) => [template.path, template]));
      content.templates = [...known.values()].sort((first, second) => first.path < second.path ? -1 : 1);
      graph = buildGraph(content.templates);
      showTemplateList();
      showTemplateDetail();
    });
  }

  function filterAssets() {
    if (!content?.assets) return;
    showAssets();
    search("asset", (answer, filter) => {
      assetsFound = { filter, assets: answer.assets, count: answer.assetCount };
      showAssets();
    });
  }

  function showAssets() {
    const filter = filterOf("asset");
    const isFound = assetsFound?.filter === filter;
    const found = isFound ? assetsFound.assets : content.assets.filter((asset) => asset.path.toLowerCase().includes(filter));
    const count = isFound ? assetsFound.count : filter === "" ? total("asset") : found.length;
    fill("asset-body", [found, count], () => found.length === 0 ? h("p", { class: "empty" }, "No asset has that in its name.") : h("div", { class: "card" },
      table([{ text: "Path" }, { text: "Size", number: true }, { text: "Compressed", number: true }, { text: "Digest", short: true }, { text: "Served as" }],
        found.slice(0, maximumAssetRows).map((asset) => [h("code", {}, asset.path), bytes(asset.size), asset.compressedSize === undefined ? "–" : bytes(asset.compressedSize),
          h("code", { title: asset.digest }, asset.digest.slice(0, 12)), asset.url ? h("code", {}, asset.url) : h("span", { class: "dim" }, "its own name")]), "Assets"),
      count > maximumAssetRows ? h("p", { class: "dim" }, `${number.format(count - maximumAssetRows)} more: narrow the filter.`) : null));
  }

  // Asking the server.

  const tags = new Map();
  let underWay = null;
  let isWantedAgain = false;

  async function get(url) {
    const headers = tags.has(url) ? { "If-None-Match": tags.get(url) } : {};
    const response = await fetch(url, { headers, cache: "no-store" });
    if (response.status === 304) return null;
    if (!response.ok) throw new Error(`the server answered ${response.status}: ${(await response.text()).slice(0, 200)}`);
    const answer = await response.json();
    if (response.headers.has("ETag")) tags.set(url, response.headers.get("ETag"));
    return answer;
  }

  /** Changes when templates or assets do, and not with each config. */
  function versionOf(status) {
    const units = status.units.filter((unit) => unit.unit === "templates" || unit.unit === "assets");
    return units.length ? units.map((unit) => `${unit.unit} ${unit.generation}`).join() : `generation ${status.generation}`;
  }

  function take(answer) {
    const isFirst = data === null;
    // Another process answers: its page has another token.
    if (!isFirst && answer.since !== data.since) return location.reload();
    data = answer;
    if (answer.content) {
      content = answer.content;
      contentVersion = versionOf(answer.status);
      assetsFound = null;
      showContent();
    }
    showTop();
    showReloads(isFirst);
    showRequests();
    showUnits();
    showStatus();
    showOthers();
    showSections();
  }

  /** One request at a time; what is asked for meanwhile is asked once more afterwards. */
  async function refresh() {
    if (underWay) { isWantedAgain = true; return underWay; }
    underWay = (async () => {
      do {
        isWantedAgain = false;
        try {
          const answer = await get(`${base}dashboard.json${contentVersion === null ? "" : "?brief"}`);
          if (answer) take(answer);
          if (versionOf(data.status) !== contentVersion) {
            const full = await get(`${base}dashboard.json`);
            if (full) take(full); else contentVersion = versionOf(data.status);
          }
          reached(true);
        } catch (error) {
          reached(false, error);
        }
      } while (isWantedAgain);
      underWay = null;
    })();
    return underWay;
  }

  let events = null;
  const isListening = () => events?.readyState === EventSource.OPEN;

  function reached(isReached, error) {
    byId("link").textContent = !isReached ? "no connection" : isListening() ? "live" : `asked every ${refreshInterval / 1000} seconds`;
    if (isReached && byId("failure").dataset.kind === "link") fail(null);
    if (!isReached) fail(`The server cannot be reached; it is tried again. What is shown may be old. (${error.message})`, "link");
  }

  function fail(text, kind = "") {
    const element = byId("failure");
    element.hidden = text === null;
    element.textContent = text ?? "";
    element.dataset.kind = kind;
  }

  function listen() {
    if (events && events.readyState !== EventSource.CLOSED) return;
    events = new EventSource(`${base}dashboard/events?token=${encodeURIComponent(token)}`);
    events.addEventListener("open", refresh);
    events.addEventListener("changed", refresh);
    // Whether the server is gone, or only takes no more listeners, a request will tell.
    events.addEventListener("error", refresh);
  }

  async function command(name, button) {
    button.disabled = true;
    try {
      const response = await fetch(`${base}${name}`, { method: "POST", headers: { "X-HotReload-Token": token } });
      if (response.status === 403) return location.reload();
      fail(response.ok ? null : (await response.text()).trim());
    } catch (error) {
      fail(`That did not reach the server: ${error.message}`, "link");
    } finally {
      button.disabled = false;
    }
    await refresh();
  }

  byId("reload").addEventListener("click", (event) => command("reload", event.currentTarget));
  byId("pause").addEventListener("click", (event) => command(data?.status.isPaused ? "resume" : "pause", event.currentTarget));
  byId("more").addEventListener("click", () => { shown.limit += pageSize; showReloads(false); });
  byId("unchanged").addEventListener("change", (event) => { shown.unchanged = event.currentTarget.checked; showReloads(false); });
  byId("template-filter").addEventListener("input", filterTemplates);
  byId("asset-filter").addEventListener("input", filterAssets);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { listen(); refresh(); } });
  setInterval(() => { if (!document.hidden) { listen(); refresh(); } }, refreshInterval);
  listen();
  refresh();
})();
