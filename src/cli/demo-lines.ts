import type { DemoEvent } from "./services.ts";

type Started = Extract<DemoEvent, { kind: "started" }>;
type Mirrored = Extract<DemoEvent, { kind: "mirrored" }>;

function startedLines({ store, model, langfuse }: Started): string[] {
  return [
    store.kind === "embedded" ? `Store: embedded Postgres in ${store.place}` : `Store: Postgres at ${store.place}`,
    model.offline
      ? `Model: ${model.name}, the offline retrieval model (no OPENAI_API_KEY or OPENAI_BASE_URL is set)`
      : `Model: ${model.name}`,
    langfuse.standIn
      ? `Langfuse: a stand-in at ${langfuse.baseUrl} (no LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are set)`
      : `Langfuse: ${langfuse.baseUrl}`,
  ];
}

function mirroredLines({ traceCount, scoreCount, target, waitingCount, deadCount }: Mirrored): string[] {
  const lines = [`mirrored ${traceCount} traces, ${scoreCount} scores to ${target}`];
  if (waitingCount > 0) lines.push(`${waitingCount} more wait in the outbox; uptake worker delivers them later`);
  if (deadCount > 0) lines.push(`${deadCount} were refused for good; the log above says why`);
  return lines;
}

type Lines = { readonly [Kind in DemoEvent["kind"]]: (event: Extract<DemoEvent, { kind: Kind }>) => string[] };

const linesOf: Lines = {
  started: startedLines,
  suggesting: () => [],
  suggested: ({ suggestionCount, errorCount }) => [
    `Suggestions: ${suggestionCount} made, ${errorCount} failed (recorded as errors)`,
  ],
  acted: ({ sentAsItIsCount, editedCount, rejectedCount, leftCount }) => [
    `Agents: ${sentAsItIsCount} sent as they are, ${editedCount} edited, ${rejectedCount} rejected, ${leftCount} left undecided`,
  ],
  measured: ({ table }) => ["", table.trimEnd(), ""],
  mirrored: mirroredLines,
  listening: ({ url }) => [`Dashboard: ${url} (API: ${url}/docs); Ctrl-C stops the demo`],
};

/** What happened in the demo, in plain words. */
export function demoLines<Kind extends DemoEvent["kind"]>(event: Extract<DemoEvent, { kind: Kind }>): string[] {
  return linesOf[event.kind](event);
}
