import type { Stack } from "./detect-stack.ts";
import type { WantedFile } from "./planned-file.ts";

/** How files of a stack are named, import each other and are run. */
type Manner = {
  readonly ending: "js" | "mjs" | "ts";
  readonly isTyped: boolean;
  readonly isCommonJs: boolean;
  /** How an import names a file beside it. */
  readonly importEnding: ".js" | ".mjs" | "";
};

function mannerOf({ kind, language, modules }: Stack): Manner {
  const isTyped = language === "typescript";
  // Next resolves a TypeScript file without its ending only.
  if (isTyped) return { ending: "ts", isTyped, isCommonJs: false, importEnding: kind === "next" ? "" : ".js" };
  // Next takes import everywhere, Node by the ending; with .mjs both agree.
  if (kind === "next") return { ending: "mjs", isTyped, isCommonJs: false, importEnding: ".mjs" };
  return { ending: "js", isTyped, isCommonJs: modules === "cjs", importEnding: ".js" };
}

const imported = ({ isCommonJs }: Manner, name: string, from: string): string =>
  isCommonJs ? `const { ${name} } = require("${from}");` : `import { ${name} } from "${from}";`;

/** The declaration's first words, and what has to follow at the file's end. */
const exported = ({ isCommonJs }: Manner, name: string): { readonly start: string; readonly end: string } =>
  isCommonJs
    ? { start: `const ${name}`, end: `\nmodule.exports = { ${name} };\n` }
    : { start: `export const ${name}`, end: "" };

const CONFIG_COMMENT = `// The one Uptake of this process. Its configuration is the environment, .env.example has all of it: DATABASE_URL, or
// an embedded Postgres in .uptake/data; LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY, or nothing is sent to Langfuse.`;

function uptakeFile(manner: Manner, kind: Stack["kind"]): string {
  const { start, end } = exported(manner, "uptake");
  if (kind === "node") {
    return `${imported(manner, "createUptake", "uptake")}\n\n${CONFIG_COMMENT}\n${start} = createUptake();\n${end}`;
  }
  const [type, shape, store] = manner.isTyped
    ? [", type Uptake", ": { uptake?: Uptake }", "(globalThis as Record<symbol, unknown>)"]
    : ["", "", "globalThis"];
  return `${imported(manner, `createUptake${type}`, "uptake")}

// A development server loads this file anew after each change; what is kept here stays.
const kept${shape} = (${store}[Symbol.for("uptake")] ??= {});

${CONFIG_COMMENT}
${start} = (kept.uptake ??= createUptake());
`;
}

function draftReplyFile(manner: Manner): string {
  const { start, end } = exported(manner, "draftReply");
  const type = (text: string): string => (manner.isTyped ? `: ${text}` : "");
  return `${imported(manner, "uptake", `./uptake${manner.importEnding}`)}

/** A tracked agent function: every call is a suggestion, with its trace, its time and, where it throws, its error. */
${start} = uptake.track("draft-reply", async (input${type("{ ticketId: string; question: string }")}, run) => {
  const model = "made-up-model";
  const messages = [{ role: "user", content: input.question }];
  const completion = await run.generate({ model, messages }, () => askModel(input.question));
  return run.suggest(completion.choices[0]?.message.content ?? "", { ticketId: input.ticketId });
});

// Put your model here, such as openai.chat.completions.create({ model, messages }); tokens are read from its answer. This one
// is made up, so that the function runs without a key.
function askModel(question${type("string")}) {
  const content = question.includes("refund") ? "A refund takes five working days." : "It takes two working days.";
  return Promise.resolve({ choices: [{ message: { content } }], usage: { prompt_tokens: 24, completion_tokens: 7 } });
}
${end}`;
}

function tryFile(manner: Manner): string {
  const inLib = (name: string, file: string): string => imported(manner, name, `./lib/${file}${manner.importEnding}`);
  const failed = manner.isTyped ? "(error: unknown)" : "(error)";
  return `${inLib("draftReply", "draft-reply")}
${inLib("uptake", "uptake")}

// Calls the tracked function as your product would, and says what a person did with its suggestions. Delete it when you
// have seen it.
async function main() {
  await uptake.start(); // opens the database, and makes it the first time
  const refund = await draftReply({ ticketId: "42", question: "Where is my refund?" });
  console.log(\`suggested for ticket 42: \${refund.text}\`);
  // A person presses a button under it …
  const said = await uptake.feedback({ suggestionId: refund.suggestionId, type: "approval", agentId: "jo" });
  console.log(\`ticket 42: \${said.type}\`);

  const parcel = await draftReply({ ticketId: "43", question: "Where is my parcel?" });
  console.log(\`suggested for ticket 43: \${parcel.text}\`);
  // … or just sends something; what that says about the suggestion is inferred.
  const finalText = "It takes three working days, I am afraid; yours is on its way.";
  const sent = await uptake.sent({ suggestionId: parcel.suggestionId, finalText, agentId: "jo" });
  console.log(\`ticket 43: \${sent?.type}, kept ratio \${sent?.keptRatio}\`);

  await uptake.close(); // commits what waits; call it when your process ends
}

main().catch(${failed} => {
  console.error(error);
  process.exitCode = 1;
});
`;
}

const IMPORTS_AWAY = "../../../lib/draft-reply";

function routeFile({ isTyped, importEnding }: Manner): string {
  const request = isTyped ? "request: Request" : "request";
  const cast = isTyped ? " as { ticketId: string; question: string }" : "";
  const body = isTyped ? `(await request.json())${cast}` : "await request.json()";
  return `import { draftReply } from "${IMPORTS_AWAY}${importEnding}";

export const runtime = "nodejs"; // at the edge there is no way to a database: there use uptake/client

/** \`POST /api/suggestion\`: drafts a reply. Its suggestion is committed when the answer goes out. */
export async function POST(${request}) {
  const { ticketId, question } = ${body};
  const { suggestionId, text } = await draftReply({ ticketId, question });
  return Response.json({ suggestionId, text });
}
`;
}

/** The first tracked function of a stack, and the command that runs it. */
export function firstFunction(stack: Stack): { readonly files: readonly WantedFile[]; readonly run: string } {
  const manner = mannerOf(stack);
  const { base, kind } = stack;
  const at = (path: string): string => `${base}${path}.${manner.ending}`;
  const whole = (path: string, what: string, content: string): WantedFile => ({ kind: "whole", path, what, content });
  const route = `${base}app/api/suggestion/route.${manner.isTyped ? "ts" : "js"}`;
  const files = [
    whole(at("lib/uptake"), "the one Uptake of your process", uptakeFile(manner, kind)),
    whole(at("lib/draft-reply"), "the first tracked agent function", draftReplyFile(manner)),
    ...(kind === "next" ? [whole(route, "the same as a route", routeFile(manner))] : []),
    whole(at("try-uptake"), "calls it, and says what a person did", tryFile(manner)),
  ];
  return { files, run: `${manner.isTyped ? "npx tsx" : "node"} ${at("try-uptake")}` };
}
