import type { Input } from "./workload.ts";

/** One way to track the call of the workload. */
export type Arm = {
  readonly call: (input: Input) => Promise<string>;
  /** Resolves when the arm says that everything has been sent or written. */
  flush(): Promise<void>;
};

/** What an arm needs to know of its surroundings. */
export type Place = {
  /** Where its records go: the sink, on loopback. */
  readonly sinkUrl: string;
  readonly databaseUrl: string;
  readonly spoolDir: string;
  /** For Uptake: mirror into the sink from this process too. */
  readonly mirrorsHere: boolean;
};

/** What the module of an arm exports. */
export type ArmModule = { readonly createArm: (place: Place) => Arm | Promise<Arm> };

/** Every arm: how it is called in tables, and the module that makes it. */
export const arms = {
  bare: { title: "bare function", module: "../tracking/bare.js" },
  stringify: { title: "payload stringified once", module: "../tracking/stringify.js" },
  "otel-json": { title: "raw OpenTelemetry, JSON", module: "../peers/raw-otel-json.js" },
  "otel-protobuf": { title: "raw OpenTelemetry, protobuf", module: "../peers/raw-otel-protobuf.js" },
  langfuse: { title: "Langfuse `observe`", module: "../peers/langfuse.js" },
  "langfuse-agent": { title: "Langfuse `observe`, two observations", module: "../peers/langfuse-agent.js" },
  langsmith: { title: "LangSmith `traceable`", module: "../peers/langsmith.js" },
  opik: { title: "Opik `track`", module: "../peers/opik.js" },
  braintrust: { title: "Braintrust `wrapTraced`", module: "../peers/braintrust.js" },
  laminar: { title: "Laminar `observe`", module: "../peers/laminar.js" },
  "uptake-commit": { title: "Uptake `commit`", module: "../tracking/uptake-commit.js" },
  "uptake-background": { title: "Uptake `background`", module: "../tracking/uptake-background.js" },
} as const;

export type ArmName = keyof typeof arms;

export async function createArm(name: ArmName, place: Place): Promise<Arm> {
  const { createArm } = (await import(new URL(arms[name].module, import.meta.url).href)) as ArmModule;
  return createArm(place);
}
