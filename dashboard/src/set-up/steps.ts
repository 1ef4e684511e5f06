import type { SetUpAnswer } from "../api/set-up.ts";

/** Something that Uptake needs to be of use: whether it is there, and what to do about it where it is not. */
export type Step = {
  readonly title: string;
  /** `optional`: it works without, only less of it. */
  readonly state: "done" | "missing" | "optional";
  readonly text: string;
  readonly snippet?: { readonly name: string; readonly code: string };
  /** Where what was found can be seen. */
  readonly suggestionId?: string;
};

const TRACK = `import { createUptake } from "uptake";

const uptake = createUptake();
export const draftReply = uptake.track("draft-reply", async (input: { question: string }, run) => {
  const text = await answer(input.question); // what you have now
  return run.suggest(text);
});`;

const FEEDBACK = `// what the person sent: approval, revision or rejection is inferred
await uptake.sent({ suggestionId, finalText, agentId });
// or what they said
await uptake.feedback({ suggestionId, type: "rejection", reason: "too generic", agentId });`;

const KEYS = `export LANGFUSE_BASE_URL=https://cloud.langfuse.com
export LANGFUSE_PUBLIC_KEY=pk-lf-…
export LANGFUSE_SECRET_KEY=sk-lf-…`;

/** The steps, in the order in which they are best taken. */
export const stepsOf = (setUp: SetUpAnswer): readonly Step[] => [
  databaseStep(setUp.database),
  langfuseStep(setUp.langfuse),
  suggestionStep(setUp.suggestion),
  feedbackStep(setUp.feedback),
];

function databaseStep({ kind }: SetUpAnswer["database"]): Step {
  const title = "Database";
  if (kind === "postgres") return { title, state: "done", text: "Postgres, migrated and answering." };
  return {
    title,
    state: "optional",
    text: "Embedded, migrated and answering: good for a try and for one process. It may lose data when the power fails; use a Postgres of your own in production.",
    snippet: { name: "Use your Postgres", code: "export DATABASE_URL=postgres://user:password@host:5432/app" },
  };
}

function langfuseStep({ state, target, version, project, dialect, message }: SetUpAnswer["langfuse"]): Step {
  const title = "Langfuse";
  if (state === "reached") {
    const read = dialect === null ? "" : `, read as ${dialect}`;
    return { title, state: "done", text: `Project ${project} at ${target}, version ${version}${read}.` };
  }
  if (state === "not_set") {
    const text = "No keys are set, so what is to be mirrored waits in the outbox. Everything else works without.";
    return { title, state: "optional", text, snippet: { name: "Set the keys", code: KEYS } };
  }
  const why = state === "refused" ? "is there and does not take the keys" : "does not answer";
  const text = `${target} ${why}${message === null ? "" : ` (${message})`}. Nothing is lost: it waits in the outbox.`;
  return { title, state: "missing", text, snippet: { name: "Check address and keys", code: KEYS } };
}

function suggestionStep(suggestion: SetUpAnswer["suggestion"]): Step {
  const title = "First tracked function";
  if (suggestion === null) {
    const text = "No suggestion has come in yet. Wrap your function, call it once, and this turns green.";
    return { title, state: "missing", text, snippet: { name: "Track a function", code: TRACK } };
  }
  const text = `The newest suggestion is of ${suggestion.functionName ?? "a function without a name"}.`;
  return { title, state: "done", text, suggestionId: suggestion.suggestionId };
}

function feedbackStep(feedback: SetUpAnswer["feedback"]): Step {
  const title = "First feedback";
  if (feedback === null) {
    const text = "Nobody has acted on one of the newest 1,000 suggestions yet. Say what the person did with one.";
    return { title, state: "missing", text, snippet: { name: "Record feedback", code: FEEDBACK } };
  }
  return { title, state: "done", text: `The newest is: ${feedback.type}.`, suggestionId: feedback.suggestionId };
}
