import { type ReactNode, useState } from "react";
import type { Observation } from "../api/suggestions.ts";
import { formatCount, formatDuration, formatUsd } from "../format/format.ts";
import { type Column, CsvButton } from "../ui/data-table.tsx";
import { Facts } from "../ui/facts.tsx";
import { Payload } from "./payload.tsx";

type Placed = { readonly observation: Observation; readonly depth: number };

const startMs = ({ startTime }: Observation): number => Date.parse(startTime);
const lengthMs = ({ startTime, endTime }: Observation): number => Date.parse(endTime) - Date.parse(startTime);

/** Parents before their children, each child indented; one whose parent is missing stands at the top. */
function placed(observations: readonly Observation[]): readonly Placed[] {
  const ids = new Set(observations.map(({ id }) => id));
  const childrenOf = new Map<string | null, Observation[]>();
  for (const observation of observations) {
    const parent = observation.parentId !== null && ids.has(observation.parentId) ? observation.parentId : null;
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), observation]);
  }
  const below = (parent: string | null, depth: number): readonly Placed[] =>
    (childrenOf.get(parent) ?? [])
      .sort((a, b) => startMs(a) - startMs(b))
      .flatMap((observation) => [{ observation, depth }, ...below(observation.id, depth + 1)]);
  return below(null, 0);
}

const csv = (head: string, value: (step: Placed) => string | number | null): Column<Placed> => ({
  head,
  cell: value,
  value,
});

/** Without input and output, which may be long: they are in the JSON of the suggestion. */
const CSV_COLUMNS: readonly Column<Placed>[] = [
  csv("id", ({ observation }) => observation.id),
  csv("parentId", ({ observation }) => observation.parentId),
  csv("depth", ({ depth }) => depth),
  csv("type", ({ observation }) => observation.type),
  csv("name", ({ observation }) => observation.name),
  csv("startTime", ({ observation }) => observation.startTime),
  csv("endTime", ({ observation }) => observation.endTime),
  csv("durationMs", ({ observation }) => lengthMs(observation)),
  csv("model", ({ observation }) => observation.model ?? null),
  csv("inputTokens", ({ observation }) => observation.usage?.["input"] ?? null),
  csv("outputTokens", ({ observation }) => observation.usage?.["output"] ?? null),
  csv("costUsd", ({ observation }) => observation.costUsd ?? null),
  csv("level", ({ observation }) => observation.level ?? null),
  csv("statusMessage", ({ observation }) => observation.statusMessage ?? null),
];

/** The steps of the run against time; each opens to its input, output, model, usage and cost. */
export function TraceTimeline({ observations }: { readonly observations: readonly Observation[] }): ReactNode {
  const [openId, setOpenId] = useState<string | null>(null);
  if (observations.length === 0) return <p className="text-soft">No steps of this run are kept.</p>;
  const from = Math.min(...observations.map(startMs));
  const span = Math.max(1, ...observations.map(({ endTime }) => Date.parse(endTime) - from));
  const steps = placed(observations);
  return (
    <>
      <ol className="grid grid-cols-1 gap-1">
        {steps.map(({ observation, depth }) => {
          const isOpen = openId === observation.id;
          const isError = observation.level === "ERROR";
          return (
            <li key={observation.id}>
              <button
                type="button"
                aria-expanded={isOpen}
                onClick={() => setOpenId(isOpen ? null : observation.id)}
                className="grid w-full grid-cols-[minmax(0,2fr)_minmax(0,3fr)_4.5rem] items-center gap-3 rounded px-1 py-1 text-left hover:bg-sunken"
              >
                <span className="truncate text-sm" style={{ paddingLeft: `${depth * 1}rem` }}>
                  {observation.name} <span className="text-soft">{observation.type}</span>
                  {isError ? <span className="text-bad"> failed</span> : null}
                </span>
                <span aria-hidden="true" className="relative h-3 rounded bg-sunken">
                  <span
                    className={`absolute h-full min-w-0.5 rounded ${isError ? "bg-bad" : "bg-series-1"}`}
                    style={{
                      left: `${((startMs(observation) - from) / span) * 100}%`,
                      width: `${(lengthMs(observation) / span) * 100}%`,
                    }}
                  />
                </span>
                <span className="text-right text-sm text-soft tabular-nums">
                  {formatDuration(lengthMs(observation))}
                </span>
              </button>
              {isOpen ? <Opened observation={observation} /> : null}
            </li>
          );
        })}
      </ol>
      <CsvButton name="Trace" columns={CSV_COLUMNS} rows={steps} />
    </>
  );
}

function Opened({ observation }: { readonly observation: Observation }): ReactNode {
  const { model, usage, costUsd, completionStartTime, prompt, statusMessage, input, output, modelParameters } =
    observation;
  return (
    <div className="mb-2 grid gap-3 rounded border border-line p-3">
      <Facts
        facts={[
          ["Model", model ?? null],
          ["Prompt", prompt === undefined ? null : `${prompt.name} ${prompt.version}`],
          [
            "Tokens",
            Object.entries(usage ?? {})
              .map(([name, tokens]) => `${name} ${formatCount(tokens)}`)
              .join(", ") || null,
          ],
          ["Cost", formatUsd(costUsd ?? null)],
          [
            "First token",
            completionStartTime === undefined
              ? null
              : formatDuration(Date.parse(completionStartTime) - startMs(observation)),
          ],
        ]}
      />
      {statusMessage === undefined ? null : <p className="text-sm">{statusMessage}</p>}
      <Payload name="Parameters" value={modelParameters} />
      <Payload name="Input" value={input} />
      <Payload name="Output" value={output} />
    </div>
  );
}
