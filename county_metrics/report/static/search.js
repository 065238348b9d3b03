"use strict";
(() => {
  const index = window.cmIndex, list = document.getElementById("found"), told = document.getElementById("told");
  const field = document.getElementById("query"), zh = document.documentElement.lang.startsWith("zh");
  const asked = new URLSearchParams(location.search).get("q") || "";
  const at = zh ? { title: 3, text: 5, other: 2 } : { title: 2, text: 4, other: 3 };
  const entries = index.entries.map((entry) => ({
    url: entry[0], kind: index.kinds[entry[1]][zh ? "zh" : "en"], order: entry[1], title: entry[at.title], text: entry[at.text],
    titles: (entry[2] + "\n" + entry[3]).toLowerCase(), all: entry.slice(2).join("\n").toLowerCase(),
  }));

  function score(entry, words) {
    let sum = 0;
    for (const word of words) {
      if (!entry.all.includes(word)) return 0;
      const place = entry.titles.indexOf(word);
      sum += place < 0 ? 1 : /[a-z]/.test(entry.titles.charAt(place - 1)) ? 4 : 8;
    }
    return sum + (entry.order === 7 ? 0.6 : entry.order < 3 ? 0.5 : 0);
  }

  function marked(text, words) {
    const whole = document.createDocumentFragment(), low = text.toLowerCase();
    let from = 0;
    while (from < text.length) {
      const hits = words.map((word) => [low.indexOf(word, from), word.length]).filter((hit) => hit[0] >= 0);
      if (!hits.length) break;
      const [start, length] = hits.sort((a, b) => a[0] - b[0])[0];
      whole.append(text.slice(from, start));
      const mark = document.createElement("mark");
      mark.textContent = text.slice(start, start + length);
      whole.append(mark);
      from = start + length;
    }
    whole.append(text.slice(from));
    return whole;
  }

  function around(text, words) {
    const first = Math.min(...words.map((word) => text.toLowerCase().indexOf(word)).filter((place) => place >= 0));
    if (!Number.isFinite(first)) return text.slice(0, 160) + (text.length > 160 ? "…" : "");
    const start = Math.max(0, first - 60);
    return (start ? "…" : "") + text.slice(start, first + 120) + (first + 120 < text.length ? "…" : "");
  }

  function show() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    list.replaceChildren();
    told.textContent = "";
    if (!words.length) return;
    const found = entries.map((entry) => [score(entry, words), entry]).filter((hit) => hit[0] > 0);
    found.sort((a, b) => b[0] - a[0] || a[1].order - b[1].order);
    told.textContent = (found.length ? told.dataset.some : told.dataset.none).replace("#", found.length);
    for (const [, entry] of found.slice(0, 60)) {
      const item = document.createElement("li"), link = document.createElement("a"), text = document.createElement("p");
      const kind = document.createElement("span");
      kind.className = "cm-tag";
      kind.textContent = entry.kind;
      link.href = entry.url;
      link.append(marked(entry.title, words));
      text.append(marked(around(entry.text, words), words));
      item.append(kind, " ", link, text);
      list.append(item);
    }
  }

  field.value = asked;
  field.addEventListener("input", show);
  show();
})();
