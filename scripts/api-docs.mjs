// Writes docs/api.md from the declarations of every public path: npm run docs. With --print it prints the page instead.
// A declaration file as tsc writes it is regular enough to be read line by line: what begins in the first column is a statement.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { exports } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"));
const page = resolve(root, "docs/api.md");

const INTRO = `# API reference

Written from the source by \`npm run docs\`; do not edit. What each path is for is in [integrate](integrate.md) and [adapters](adapters.md); the HTTP API
has a [page of its own](http-api.md), which also describes the bodies that \`uptake/client\` sends and gets.
`;

/** The statements of a declaration file, each with the comment above it. */
function statementsOf(file) {
  const statements = [];
  let comment = [];
  let open;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (line.startsWith("/**")) comment = [];
    if (line.startsWith("/**") || line.startsWith(" *")) {
      comment.push(line);
      continue;
    }
    if (/^[a-z]/u.test(line)) {
      open = { comment, lines: [] };
      statements.push(open);
      comment = [];
    }
    open?.lines.push(line);
  }
  return statements.map(({ comment, lines }) => ({ comment, code: lines.join("\n").trimEnd() }));
}

const EXPORT_FROM = /^export (type )?\{([^}]*)\} from "([^"]+)"/u;
const OWN = /^(?:export )?(?:declare )?(?:abstract )?(?:function|const|class|type|interface) (\w+)/u;
const EXPORT_OWN = /^export (?:declare )?(?:abstract )?(?:function|const|class|type|interface) (\w+)/u;

/** What a path exports: each name with where it is declared. */
function exportedBy(file) {
  return statementsOf(file).flatMap(({ code }) => {
    const [, , names, from] = EXPORT_FROM.exec(code.replaceAll(/\s+/gu, " ")) ?? [];
    if (from === undefined) {
      const own = EXPORT_OWN.exec(code)?.[1];
      return own === undefined ? [] : [{ name: own, file }];
    }
    const target = resolve(dirname(file), from.replace(/\.ts$/u, ".d.ts"));
    return names
      .split(",")
      .map((name) => name.trim().replace(/^type /u, ""))
      .filter((name) => name !== "")
      .map((name) => ({ name, file: target }));
  });
}

/** Every overload of a name, from its file or from where that has it from. */
function declarationsOf(name, file) {
  const found = statementsOf(file).filter(({ code }) => OWN.exec(code)?.[1] === name);
  if (found.length > 0) return found;
  const other = exportedBy(file).find((entry) => entry.name === name && entry.file !== file);
  if (other === undefined) throw new Error(`${name} is not declared in ${relative(root, file)}`);
  return declarationsOf(name, other.file);
}

/** A comment as prose: tags as words, an example as code. */
function prose(comment) {
  const text = comment
    .map((line) =>
      line
        .replace(/^\/\*\* ?/u, "")
        .replace(/\*\/ *$/u, "")
        .replace(/^ \* ?/u, "")
        .trimEnd(),
    )
    .join("\n")
    .replaceAll(/\{@link (\w+)\}/gu, "`$1`")
    .trim();
  const [said = "", ...examples] = text.split(/^@example *\n?/mu);
  const tagged = said
    .replaceAll(/^@param (\S+) ?/gmu, "- `$1`: ")
    .replaceAll(/^@returns ?/gmu, "- returns: ")
    .replaceAll(/^@throws ?/gmu, "- throws: ")
    .replace(/([^\n])\n(- (?:`|returns|throws))/u, "$1\n\n$2");
  return [tagged.trim(), ...examples.map((code) => `\`\`\`ts\n${code.trim()}\n\`\`\``)].filter((part) => part !== "");
}

/** Types that a declaration names and that its path does not export, from the same file or from one that it imports. */
function namedIn(name, file, known) {
  const places = new Map();
  for (const { code } of statementsOf(file)) {
    const [, names, from] = /^import type \{([^}]*)\} from "(\.[^"]+)"/u.exec(code.replaceAll(/\s+/gu, " ")) ?? [];
    const target = from === undefined ? file : resolve(dirname(file), from.replace(/\.ts$/u, ".d.ts"));
    const declared = from === undefined ? [OWN.exec(code)?.[1]] : names.split(",").map((one) => one.trim());
    for (const one of declared) if (one !== undefined && /^[A-Z]/u.test(one)) places.set(one, target);
  }
  const code = declarationsOf(name, file)
    .map((one) => one.code)
    .join("\n")
    .replaceAll(/\/\*\*.*?\*\//gsu, "");
  return [...places]
    .filter(([one]) => !known.has(one) && new RegExp(`\\b${one}\\b`, "u").test(code))
    .map(([one, target]) => ({ name: one, file: target }));
}

function section({ name, file, isNamedOnly }) {
  const declared = declarationsOf(name, file);
  const said = declared.flatMap(({ comment }) => prose(comment));
  const code = declared
    .map(({ code }) =>
      code
        .replaceAll(/^(?:export )?(?:declare )?/gmu, "")
        .replaceAll(/^( +)/gmu, (spaces) => spaces.slice(spaces.length / 2)),
    )
    .join("\n");
  const remark = isNamedOnly ? ["(Named above; not exported.)"] : [];
  return [`### ${name}`, ...remark, ...said, `\`\`\`ts\n${code}\n\`\`\``].join("\n\n");
}

function apiMarkdown() {
  const paths = Object.entries(exports).filter(([, target]) => target.types !== undefined);
  const parts = paths.map(([path, { types }]) => {
    const entries = exportedBy(resolve(root, types));
    const known = new Set(entries.map(({ name }) => name));
    const all = entries.flatMap((entry) => {
      const named = namedIn(entry.name, entry.file, known).map((one) => ({ ...one, isNamedOnly: true }));
      for (const { name } of named) known.add(name);
      return [entry, ...named];
    });
    const sections = all.map(section);
    return [`## \`${path.replace(/^\./u, "uptake")}\``, ...sections].join("\n\n");
  });
  return `${[INTRO.trim(), ...parts].join("\n\n")}\n`;
}

if (process.argv.includes("--print")) process.stdout.write(apiMarkdown());
else writeFileSync(page, apiMarkdown());
