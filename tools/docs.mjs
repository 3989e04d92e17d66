// Writes the reference pages of docs/ from the schemas and catalogues; with --check only says which of them are stale.
import { readFileSync, writeFileSync } from "node:fs";
import { agentFrames, commands, controllerFrames, errorCodes, events, isUrgent, typePrefix } from "@ostler/protocol";
import { configSchema, jsonSchema } from "../packages/agent/dist/config/schema.js";
import { layers, nearest } from "../packages/agent/dist/config/schema-walk.js";
import { traitsOf } from "../packages/agent/dist/config/setting.js";
import { hostFigures } from "../packages/agent/dist/sources/host/host.js";
import { metrics } from "../packages/agent/dist/sinks/metrics/catalogue.js";

const root = new URL("../", import.meta.url);
const made = "<!-- Made by `npm run docs` from the code; do not edit. -->";

const pages = {
  "docs/events.md": eventsPage(),
  "docs/commands.md": commandsPage(),
  "docs/config.md": configPage(),
  "docs/config.schema.json": `${JSON.stringify(jsonSchema(), null, 2)}\n`,
  "docs/metrics.md": await metricsPage(),
  "docs/errors.md": errorsPage(),
  "docs/protocol.md": withTables(readFileSync(new URL("docs/protocol.md", root), "utf8")),
};

const stale = Object.entries(pages).filter(([path, text]) => current(path) !== text);
if (process.argv.includes("--check")) {
  for (const [path] of stale) console.error(`${path} is stale: run \`npm run docs\``);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else for (const [path, text] of stale) writeFileSync(new URL(path, root), text);

function current(path) {
  try {
    return readFileSync(new URL(path, root), "utf8");
  } catch {
    return undefined;
  }
}

function eventsPage() {
  const sections = bySubject(Object.keys(events)).map(([subject, types]) => {
    const rows = types.flatMap((type) => [
      `### \`${typePrefix}${type}\``,
      "",
      `${events[type].description}${isUrgent(type) ? "" : " Stored within a second."}`,
      "",
      fieldTable(events[type]),
      "",
    ]);
    return [`## ${subject}`, "", ...rows].join("\n");
  });
  return page("Events", [
    "Every event is a CloudEvent 1.0: `type` as below, `source` `/agents/<id>`, `subject` the service or `service/check`,",
    "`id` `<epoch>-<seq>`, and the extensions `sequence` (the seq, zero-padded to 16 digits) and `severity` (`info`, `warn`,",
    "`error`). The tables describe `data`. Unless said otherwise an event is on the disk before anyone outside hears of it.",
    "",
    ...sections,
  ]);
}

function commandsPage() {
  const sections = Object.entries(commands).flatMap(([name, { scope, about, args, result, needsReason }]) => [
    `## \`${name}\``,
    "",
    `${about} Needs the scope \`${scope}\`${needsReason ? " and a reason" : ""}.`,
    "",
    "Arguments:",
    "",
    fieldTable(args),
    "",
    "Result:",
    "",
    fieldTable(result),
    "",
  ]);
  return page("Commands", [
    "Sent with `POST /v1/commands`, as a `cmd` frame, or by the command line. Each is authorised, stored before it is",
    "acknowledged, run at most once for each id, one after another for each service, and ends in exactly one result.",
    "",
    ...sections,
  ]);
}

async function metricsPage() {
  const signal = AbortSignal.timeout(10_000);
  const host = (await Promise.all(Object.values(hostFigures()).map((read) => read(signal)))).flat();
  const rows = Object.values(metrics).map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]);
  return page("Metrics", [
    "At `/metrics`, as Prometheus text 0.0.4 or OpenMetrics 1.0 (for who asks for it). Names that begin with `process_` and",
    "`nodejs_` are about the agent's own process.",
    "",
    markdownTable(["name", "type", "labels", "meaning"], rows),
    "",
    "## The host",
    "",
    "What cannot be measured on a host is absent.",
    "",
    markdownTable(
      ["name", "type", "meaning"],
      host.map(({ name, type, help }) => [`\`${name}\``, type, help]),
    ),
    "",
  ]);
}

function errorsPage() {
  const rows = Object.entries(errorCodes).map(([code, { http, exit, retry, means }]) => [
    `\`${code}\``,
    means,
    String(http),
    String(exit),
    retry ? "yes" : "no",
  ]);
  return page("Errors", [
    "One table for everything: `code` in problem details (RFC 9457) over HTTP and in frames, the HTTP status, the exit code of",
    "the command line, and whether the same request may succeed later.",
    "",
    markdownTable(["code", "means", "HTTP", "exit", "retry"], rows),
    "",
    "Further exit codes: 0 done, 7 unhealthy (`ostler health`, `ostler status --check`).",
    "",
  ]);
}

function configPage() {
  const rows = [];
  const visit = (schema, path, outer) => {
    const chain = [...outer, schema];
    const bare = layers(schema).at(-1);
    const { type } = bare.def;
    const children = childrenOf(bare, path);
    const traits =
      layers(schema)
        .map(traitsOf)
        .find(({ description }) => description) ?? {};
    if (traits.description && (children.length === 0 || type === "record" || type === "array"))
      rows.push([
        `\`${path}\``,
        valueOf(schema, bare),
        defaultOf(schema),
        nearest(chain, "effect") ?? "live",
        traits.description,
      ]);
    for (const [key, child] of children) visit(child, key, chain);
  };
  visit(configSchema, "", []);
  return page("Configuration", [
    "YAML 1.2. A JSON Schema for editors is in [config.schema.json](config.schema.json). `NAME` stands for a name of your own,",
    "`[]` for each element of a list, `[http]` for one of this `kind`. *Effect* is what a reload does when the setting has changed: `live` takes it over,",
    "`restarts-part` restarts a part of the agent, `restarts-process` the process of the service, `needs-agent-restart` is refused.",
    "",
    "`${VAR}`, `${VAR:-default}`, `${file:/path}` and `${cred:NAME}` (a systemd credential) are filled into values after parsing;",
    "`$$` is a dollar sign. `OSTLER_LOG_LEVEL`, `OSTLER_DATA_DIR` and `OSTLER_HTTP_LISTEN` in the environment win over the file,",
    "and `OSTLER_CONFIG` names it. Relative paths are relative to the file.",
    "",
    markdownTable(["setting", "value", "default", "effect", "meaning"], rows),
    "",
  ]);
}

function childrenOf(bare, path) {
  const { type } = bare.def;
  const below = (key) => (path === "" ? key : `${path}.${key}`);
  if (type === "object") return Object.entries(bare.shape).map(([key, child]) => [below(key), child]);
  if (type === "record" && layers(bare.valueType).at(-1).def.type === "object")
    return [[below("NAME"), bare.valueType]];
  if (type === "array" && ["object", "union"].includes(layers(bare.element).at(-1).def.type))
    return [[`${path}[]`, bare.element]];
  const one = type === "union" && bare.options[0];
  // Written as one or as a list of them.
  if (one && layers(one).at(-1).def.type === "object" && bare.options[1]?.def.element === one)
    return childrenOf(layers(one).at(-1), path);
  if (type === "union" && bare.options.every((option) => option.def.type === "object")) {
    const { discriminator } = bare.def;
    if (discriminator !== undefined) return childrenByKind(bare.options, discriminator, path);
    const seen = new Map();
    for (const option of bare.options)
      for (const [key, child] of Object.entries(option.shape)) if (!seen.has(key)) seen.set(key, child);
    return [...seen].map(([key, child]) => [below(key), child]);
  }
  return [];
}

/** What all kinds of a union have once, the rest under the name of its kind: `checks[http].url`. */
function childrenByKind(options, discriminator, path) {
  const isShared = ([key, child]) => options.every((option) => option.shape[key] === child);
  const [first] = options;
  const shared = Object.entries(first.shape).filter(isShared);
  const own = options.flatMap((option) => {
    const kind = path.replace(/\[\]$/, `[${option.shape[discriminator].value}]`);
    const fields = Object.entries(option.shape).filter((field) => field[0] !== discriminator && !isShared(field));
    return fields.map(([key, child]) => [`${kind}.${key}`, child]);
  });
  return [...shared.map(([key, child]) => [`${path}.${key}`, child]), ...own];
}

function valueOf(schema, bare) {
  const { type } = bare.def;
  if (type === "enum") return bare.options.map((option) => `\`${option}\``).join(", ");
  if (type === "literal") return "";
  if (type === "array") {
    const element = valueOf(bare.element, layers(bare.element).at(-1));
    return element.includes("mapping") ? "list" : `list of ${element || "text"}`;
  }
  if (type === "record") return "mapping";
  if (type === "string") return sayPattern(bare) ?? "text";
  if (type === "union")
    return bare.options.map((option) => valueOf(option, layers(option).at(-1)) || `\`${option.value}\``).join(" or ");
  return { number: "number", int: "number", boolean: "`true`, `false`", object: "mapping" }[type] ?? type;
}

/** The schemas of values say what they want in their messages: "must be a duration …". */
function sayPattern(bare) {
  const message = bare.def.checks?.map(({ _zod }) => _zod.def.error?.({})).find((text) => typeof text === "string");
  return /^must (not|name)/.test(message ?? "") ? undefined : message?.replace(/^must be (an? )?/, "");
}

function defaultOf(schema) {
  for (const layer of layers(schema)) {
    if (layer.def.type !== "default" && layer.def.type !== "prefault") continue;
    const value = JSON.stringify(layer.def.defaultValue);
    return value === "{}" || value === '""' ? "" : `\`${value.replaceAll('"', "")}\``;
  }
  return "";
}

/** docs/protocol.md is written by hand; only its tables of frames are made. */
function withTables(text) {
  return text.replaceAll(/(<!-- frames of the (agent|controller) -->\n)[^]*?(<!-- end -->)/g, (_, begin, who, end) => {
    const frames = who === "agent" ? agentFrames : controllerFrames;
    const rows = Object.entries(frames).map(([kind, schema]) => [
      `\`${kind}\``,
      schema.description,
      fieldsInWords(schema),
    ]);
    return `${begin}\n${markdownTable(["kind", "meaning", "fields"], rows)}\n\n${end}`;
  });
}

function fieldsInWords(schema) {
  return Object.keys(schema.shape)
    .filter((key) => key !== "t")
    .map((key) => `\`${key}\`${schema.shape[key].def.type === "optional" ? "?" : ""}`)
    .join(", ");
}

function fieldTable(schema) {
  const rows = Object.entries(schema.shape).map(([key, field]) => {
    const bare = layers(field).at(-1);
    return [`\`${key}\`${field.def.type === "optional" ? "?" : ""}`, typeInWords(bare), descriptionOf(field)];
  });
  return rows.length === 0 ? "None." : markdownTable(["field", "type", "meaning"], rows);
}

function descriptionOf(field) {
  return (
    layers(field)
      .map(({ description }) => description)
      .find(Boolean) ?? ""
  );
}

function typeInWords(bare) {
  const { type } = bare.def;
  if (type === "enum") return bare.options.map((option) => `\`${option}\``).join(", ");
  if (type === "array") return `list of ${typeInWords(layers(bare.element).at(-1))}`;
  if (type === "union") return bare.options.map((option) => typeInWords(layers(option).at(-1))).join(" or ");
  if (type === "object")
    return `{${Object.entries(bare.shape)
      .map(([key, field]) => `${key}: ${typeInWords(layers(field).at(-1))}`)
      .join(", ")}}`;
  if (type === "literal") return `"${bare.value}"`;
  return { string: "text", record: "mapping" }[type] ?? type;
}

function bySubject(types) {
  const subjects = new Map();
  for (const type of types) {
    const [subject] = type.split(".");
    subjects.set(subject, [...(subjects.get(subject) ?? []), type]);
  }
  return [...subjects];
}

function page(title, lines) {
  return `${[`# ${title}`, "", made, "", ...lines].join("\n").trimEnd()}\n`;
}

function markdownTable(head, rows) {
  const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  const line = (cells) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
