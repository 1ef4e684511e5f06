// Fits the constants of src/models/confidence.ts and prints how well they hold. Run from the repository's root:
//   npx tsx bench/calibrate-offline-model.ts [conversations.jsonl]
//
// What is predicted: that the agent uses the suggestion, sent as it is or edited. On real conversations that is what
// inference says of the reply really sent (kept ratio at or above the threshold of rejection); on the sample desk, whose
// agents are scripted, that the suggestion quotes an article which answers the ticket. Folds are whole conversations.
import { readConversations } from "../src/desk/replay-source.ts";
import { ticketOf } from "../src/desk/replay-ticket.ts";
import { createKnowledgeIndex } from "../src/desk/knowledge-index.ts";
import { loadSampleDesk, sampleTicketId } from "../src/desk/sample.ts";
import { keptRatio } from "../src/domain/kept-ratio.ts";
import { DEFAULT_THRESHOLDS } from "../src/domain/outcome.ts";
import { CALIBRATION, confidenceOf, featureVector } from "../src/models/confidence.ts";
import type { MatchFeatures } from "../src/models/confidence.ts";
import type { ThreadMessage } from "../src/models/prompt-sections.ts";
import { quoteBestSource } from "../src/models/retrieval-reply.ts";

type Example = {
  readonly set: "sample" | "real";
  readonly group: number;
  readonly features: MatchFeatures;
  readonly used: boolean;
  readonly kept?: number;
};

const RIDGE = 1e-3;
const FOLDS = 5;
const file = process.argv[2] ?? "../shared/data/airline-support.jsonl";

function sampleExamples(): Example[] {
  const { articles, tickets } = loadSampleDesk();
  const index = createKnowledgeIndex({ maxReplies: 1_000 });
  index.setArticles(articles);
  for (const ticket of tickets.filter(({ status }) => status === "resolved")) {
    let question: string[] = [];
    ticket.messages.forEach(({ from, text }, i) => {
      if (from === "customer") question.push(text);
      else {
        const id = `${ticket.number}-${i}`;
        const ticketId = sampleTicketId(ticket.number);
        index.addReplies([
          { id, ticketId, ticketCreatedAt: new Date(0), question: question.join("\n\n"), reply: text },
        ]);
        question = [];
      }
    });
  }
  return tickets
    .filter(({ status, messages }) => status === "open" && messages.at(-1)?.text.trim() !== "")
    .map((ticket, group) => {
      const thread = { title: ticket.title, customerName: ticket.customer.name, messages: ticket.messages };
      const { answer, features } = quoteBestSource({
        ...index.search({ thread, ticketId: sampleTicketId(ticket.number) }),
        thread,
      });
      const used = (ticket.answeredBy ?? []).some((id) => answer.reasoning.includes(`[article:${id}]`));
      return { set: "sample", group, features, used };
    });
}

async function realExamples(): Promise<Example[]> {
  const index = createKnowledgeIndex({ maxReplies: 100_000 });
  const examples: Example[] = [];
  for await (const item of readConversations(file)) {
    if ("problem" in item) throw new Error(`${file}:${item.line}: ${item.problem}`);
    const { ticket, turns, replies } = ticketOf(item, "default", new Date(item.line));
    for (const turn of turns) {
      const end = ticket.messages.findIndex(({ id }) => id === turn.messageId);
      const messages = ticket.messages.slice(0, end + 1).map(({ userId, content }): ThreadMessage => ({
        from: userId === ticket.customerId ? "customer" : "agent",
        text: content,
      }));
      const thread = { title: ticket.title, customerName: null, messages };
      const { answer, features } = quoteBestSource({ ...index.search({ thread, ticketId: ticket.id }), thread });
      const kept = keptRatio(answer.suggestedResponse, turn.finalText) ?? 0;
      examples.push({ set: "real", group: item.line, features, used: kept >= DEFAULT_THRESHOLDS.rejection, kept });
    }
    index.addReplies(replies);
  }
  return examples;
}

/** Logistic regression by Newton's method, with a little ridge so that it always has a solution. */
function fit(examples: readonly Example[]): number[] {
  const rows = examples.map(({ features, used }) => ({ x: featureVector(features), y: used ? 1 : 0 }));
  const size = rows[0]?.x.length ?? 0;
  let weights = Array.from({ length: size }, () => 0);
  for (let step = 0; step < 30; step++) {
    const gradient = weights.map((weight) => -RIDGE * rows.length * weight);
    const hessian = weights.map((_, i) => weights.map((__, j) => (i === j ? RIDGE * rows.length : 0)));
    for (const { x, y } of rows) {
      const p = probability(x, weights);
      x.forEach((xi, i) => {
        gradient[i] = (gradient[i] ?? 0) + xi * (y - p);
        x.forEach((xj, j) => {
          const row = hessian[i];
          if (row !== undefined) row[j] = (row[j] ?? 0) + xi * xj * p * (1 - p);
        });
      });
    }
    const delta = solve(hessian, gradient);
    weights = weights.map((weight, i) => weight + (delta[i] ?? 0));
  }
  return weights;
}

const probability = (x: readonly number[], weights: readonly number[]): number =>
  1 / (1 + Math.exp(-x.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0)));

/** Gauss-Jordan elimination; the matrix is positive definite. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0]);
  rows.forEach((row, i) => {
    const pivot = row[i] ?? 1;
    rows[i] = row.map((value) => value / pivot);
    rows.forEach((other, j) => {
      if (i === j) return;
      const factor = other[i] ?? 0;
      rows[j] = other.map((value, k) => value - factor * (rows[i]?.[k] ?? 0));
    });
  });
  return rows.map((row) => row.at(-1) ?? 0);
}

type Scored = { readonly p: number; readonly used: boolean };

/** Chance that a used suggestion scores above an unused one (area under the ROC curve). */
function auc(scored: readonly Scored[]): number {
  const used = scored.filter((s) => s.used);
  const unused = scored.filter((s) => !s.used);
  let wins = 0;
  for (const a of used) for (const b of unused) wins += a.p > b.p ? 1 : a.p === b.p ? 0.5 : 0;
  return wins / (used.length * unused.length);
}

function report(name: string, scored: readonly Scored[]): void {
  const brier = scored.reduce((sum, { p, used }) => sum + (p - (used ? 1 : 0)) ** 2, 0) / scored.length;
  const base = scored.filter(({ used }) => used).length / scored.length;
  let error = 0;
  console.log(`\n${name}: ${scored.length} suggestions, ${(100 * base).toFixed(1)} % used`);
  console.log("  confidence   count   mean confidence   used");
  for (let low = 0; low < 1; low += 0.2) {
    const inside = scored.filter(({ p }) => p >= low && (p < low + 0.2 || low > 0.79));
    if (inside.length === 0) continue;
    const mean = inside.reduce((sum, { p }) => sum + p, 0) / inside.length;
    const used = inside.filter((s) => s.used).length / inside.length;
    error += (inside.length / scored.length) * Math.abs(mean - used);
    const range = `${low.toFixed(1)}-${(low + 0.2).toFixed(1)}`;
    console.log(
      `  ${range.padEnd(10)} ${String(inside.length).padStart(7)}   ${mean.toFixed(3).padStart(15)}   ${used.toFixed(3)}`,
    );
  }
  const rest = `Brier score of the base rate ${(base * (1 - base)).toFixed(3)}`;
  console.log(
    `  Brier score ${brier.toFixed(3)} (${rest}), calibration error ${error.toFixed(3)}, AUC ${auc(scored).toFixed(3)}`,
  );
}

const examples = [...sampleExamples(), ...(await realExamples())];
const byFold = examples.map((example) => ({ example, fold: example.group % FOLDS }));
const heldOut = Array.from({ length: FOLDS }, (_, fold) => {
  const weights = fit(byFold.filter((e) => e.fold !== fold).map((e) => e.example));
  return byFold
    .filter((e) => e.fold === fold)
    .map(({ example }) => ({
      set: example.set,
      p: probability(featureVector(example.features), weights),
      used: example.used,
    }));
}).flat();
report("Held out, all", heldOut);
report(
  "Held out, sample desk",
  heldOut.filter(({ set }) => set === "sample"),
);
report(
  "Held out, real conversations",
  heldOut.filter(({ set }) => set === "real"),
);
report(
  "Constants in src/models/confidence.ts, all",
  examples.map(({ features, used }) => ({ p: confidenceOf(features), used })),
);

const kept = examples.flatMap(({ kept }) => (kept === undefined ? [] : [kept])).sort((a, b) => a - b);
const quantile = (q: number): string => (kept[Math.round(q * (kept.length - 1))] ?? 0).toFixed(2);
console.log(
  `\nKept ratio, real: p10 ${quantile(0.1)}, p25 ${quantile(0.25)}, p50 ${quantile(0.5)}, p75 ${quantile(0.75)}, p90 ${quantile(0.9)}`,
);
const names = Object.keys(CALIBRATION);
console.log(
  "\nFitted to all:",
  Object.fromEntries(fit(examples).map((weight, i) => [names[i], Number(weight.toFixed(2))])),
);
