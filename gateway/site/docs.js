"use strict";
const by = (id) => document.getElementById(id);
const make = (tag, more = {}, ...inside) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(more)) node.setAttribute(name, value);
  node.append(...inside);
  return node;
};
let contract;
const plain = (text) => text.replaceAll("`", "");

const resolve = (schema) => (schema && schema.$ref ? contract.components.schemas[schema.$ref.split("/").pop()] : schema || {});
const nameOf = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(nameOf).join(" or ");
  if (schema.type === "array") return `list of ${nameOf(schema.items) || "anything"}`;
  if (schema.enum) return schema.enum.map((one) => (one === null ? "null" : one)).join(" | ");
  const kind = [schema.type || "anything"].flat().join(" or ");
  return schema.format ? `${kind} (${schema.format})` : kind;
};
const limitsOf = (schema) => {
  const told = [];
  for (const [name, word] of [["minimum", "from"], ["maximum", "to"], ["minLength", "at least"], ["maxLength", "at most"], ["maxItems", "at most"], ["pattern", "like"], ["default", "default"]])
    if (schema && schema[name] !== undefined) told.push(`${word} ${typeof schema[name] === "object" ? JSON.stringify(schema[name]) : schema[name]}`);
  return told.join(", ");
};
const row = (name, schema, needed, note) => make("tr", {},
  make("td", {}, make("code", {}, name), needed ? make("span", { class: "needed", title: "required" }, " *") : ""),
  make("td", {}, nameOf(schema)), make("td", { class: "limits" }, [note, limitsOf(schema)].filter(Boolean).join("; ")));
const table = (rows) => make("table", {}, make("thead", {}, make("tr", {}, make("th", {}, "name"), make("th", {}, "type"), make("th", {}, "notes"))), make("tbody", {}, ...rows));
const fieldsOf = (schema) => {
  const whole = resolve(schema), needed = new Set(whole.required || []);
  return table(Object.entries(whole.properties || {}).map(([name, one]) => row(name, one, needed.has(name))));
};
const bodyOf = (operation) => {
  const content = operation.requestBody && operation.requestBody.content;
  return content ? Object.entries(content)[0] : [null, null];
};
const sampleOf = (parameter) => String((parameter.schema.examples || [parameter.schema.default ?? ""])[0]);

const curl = (verb, path, operation) => {
  const [type, body] = bodyOf(operation);
  const lines = [`curl${verb === "get" ? "" : " -X " + verb.toUpperCase()} '${location.origin}${path.replace(/{(\w+)}/g, (_, name) => {
    const found = operation.parameters.find((one) => one.name === name);
    return (found && sampleOf(found)) || name;
  })}'`];
  if (!operation.security) lines.push("-H \"Authorization: Bearer $TOKEN\"");
  if (type === "multipart/form-data") lines.push("-F file=@screen.png");
  else if (type) lines.push(`-H 'Content-Type: ${type}'`, `-d '${JSON.stringify(body.example)}'`);
  return lines.join(" \\\n  ");
};

const tryIt = (verb, path, operation) => {
  const [type, body] = bodyOf(operation);
  const inputs = {}, form = make("div", { class: "try" });
  for (const one of operation.parameters) {
    if (one.in === "header" && one.name !== "If-Match") continue;
    inputs[one.name] = make("input", { placeholder: sampleOf(one), spellcheck: "false", autocomplete: "off" });
    form.append(make("label", {}, one.name + (one.required ? " *" : ""), inputs[one.name]));
  }
  let text, files;
  if (type === "multipart/form-data") { files = make("input", { type: "file", multiple: "" }); form.append(make("label", {}, "file", files)); }
  else if (type) { text = make("textarea", { "aria-label": "Body", spellcheck: "false" }); text.value = JSON.stringify(body.example, null, 2); form.append(text); }
  const out = make("pre", { hidden: "" }), send = make("button", { type: "button" }, "Send");
  send.addEventListener("click", async () => {
    const query = new URLSearchParams(), headers = {};
    let url = path;
    for (const one of operation.parameters) {
      const value = inputs[one.name] && inputs[one.name].value;
      if (one.in === "path") url = url.replace(`{${one.name}}`, encodeURIComponent(value || ""));
      else if (value && one.in === "query") query.set(one.name, value);
      else if (value) headers[one.name] = value;
    }
    if (by("token").value) headers.Authorization = "Bearer " + by("token").value.trim();
    let content;
    if (files) { content = new FormData(); for (const file of files.files) content.append("file", file); }
    else if (text) { content = text.value; headers["Content-Type"] = type; }
    out.hidden = false; out.textContent = "…";
    try {
      const answer = await fetch(url + (query.size ? "?" + query : ""), { method: verb.toUpperCase(), headers, body: content });
      const told = await answer.text();
      let shown = told;
      try { shown = JSON.stringify(JSON.parse(told), null, 2); } catch { /* not JSON */ }
      out.textContent = `${answer.status} ${answer.statusText}  ${answer.headers.get("X-Request-Id") || ""}\n${["ETag", "Location", "Link"].map((name) => (answer.headers.get(name) ? `${name}: ${answer.headers.get(name)}\n` : "")).join("")}\n${shown}`;
    } catch (error) { out.textContent = String(error); }
  });
  form.append(send, out);
  return form;
};

const inside = (verb, path, operation) => {
  const box = make("div", { class: "inside" }, make("p", {}, plain(operation.description)));
  if (operation.parameters.length) box.append(make("h3", {}, "Parameters"), table(operation.parameters.map((one) => row(one.name, one.schema, one.required, [one.in, one.description].filter(Boolean).join(": ")))));
  const [type, body] = bodyOf(operation);
  if (type) box.append(make("h3", {}, `Body, ${type}`), fieldsOf(body.schema));
  const codes = make("div", { class: "answers" });
  for (const status of Object.keys(operation.responses)) codes.append(status < 400 ? make("span", {}, status) : make("a", { href: `#problem-${status}` }, status));
  box.append(make("h3", {}, "Answers"), codes);
  const [, good] = Object.entries(operation.responses)[0], json = good.content && good.content["application/json"];
  if (json) box.append(make("h3", {}, nameOf(json.schema) || "Reply"), fieldsOf(json.schema));
  box.append(make("h3", {}, "curl"), make("pre", {}, curl(verb, path, operation)), make("h3", {}, "Send"), tryIt(verb, path, operation));
  return box;
};

const draw = () => {
  by("version").textContent = contract.info.version;
  by("intro").textContent = plain(contract.info.description);
  for (const tag of contract.tags) {
    by("operations").append(make("h2", {}, tag.name), make("p", {}, tag.description));
    by("menu").append(make("h2", {}, tag.name));
    for (const [path, verbs] of Object.entries(contract.paths)) for (const [verb, operation] of Object.entries(verbs)) {
      if (operation.tags[0] !== tag.name) continue;
      const short = path.replace("/v1/teams/{team_id}", "~"), id = operation.operationId;
      const heading = make("summary", {}, make("span", { class: "verb " + verb }, verb.toUpperCase()), make("span", { class: "path" }, path));
      if (operation.security) heading.append(make("span", { class: "open" }, "public"));
      heading.append(make("span", { class: "said" }, plain(operation.summary)));
      const card = make("details", { class: "operation", id }, heading);
      card.addEventListener("toggle", () => { if (card.open && card.childElementCount === 1) card.append(inside(verb, path, operation)); });
      by("operations").append(card);
      const entry = make("a", { href: "#" + id, title: operation.summary }, make("span", { class: "verb " + verb }, verb.toUpperCase()), make("span", { class: "path" }, short));
      entry.addEventListener("click", () => { card.open = true; });
      by("menu").append(entry);
    }
  }
  by("problem-list").append(make("table", {}, make("tbody", {}, ...Object.entries(contract.components.responses).map(([status, one]) =>
    make("tr", { id: "problem-" + status }, make("td", {}, make("code", {}, status)), make("td", {}, one.description))))));
  const open = by(location.hash.slice(1));
  if (open) { if (open.tagName === "DETAILS") open.open = true; open.scrollIntoView(); }
};
by("filter").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/);
  for (const entry of by("menu").querySelectorAll("a")) entry.hidden = !words.every((word) => (entry.textContent + entry.title).toLowerCase().includes(word));
  for (const entry of by("menu").querySelectorAll("a")) entry.style.display = entry.hidden ? "none" : "";
});
fetch("/v1/openapi.json").then((answer) => answer.json()).then((told) => { contract = told; draw(); })
  .catch((error) => { by("intro").textContent = "The contract could not be read: " + error; });
