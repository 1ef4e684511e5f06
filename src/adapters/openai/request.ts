import { isObject } from "../../track/model-answer.ts";

type Body = Readonly<Record<string, unknown>>;

/** Where the input of a request stands: `messages` of a chat, `input` of a response or an embedding. */
const INPUTS: readonly string[] = ["messages", "input"];
/** What belongs to the input, too; the input is then an object of these. */
const BESIDE_INPUT: readonly string[] = ["instructions", "prompt", "tools", "functions"];
/** What says nothing about how the model answers. */
const SILENT: readonly string[] = [
  "model",
  "stream",
  "stream_options",
  "metadata",
  "user",
  "safety_identifier",
  "store",
];
const NO_PARAMETERS = new Set(INPUTS.concat(BESIDE_INPUT, SILENT, "prediction"));

/** Input and model parameters of a request. */
export function describeRequest(body: Body): { readonly input: unknown; readonly modelParameters: Body | undefined } {
  return { input: inputOf(body), modelParameters: parametersOf(body) };
}

function inputOf(body: Body): unknown {
  const beside = BESIDE_INPUT.filter((name) => body[name] !== undefined && body[name] !== null);
  const names = [...INPUTS.filter((name) => body[name] !== undefined), ...beside];
  if (beside.length === 0 && names.length === 1) return body[names[0] ?? ""];
  return Object.fromEntries(names.map((name) => [name, body[name]]));
}

function parametersOf(body: Body): Body | undefined {
  const given = Object.entries(body).filter(
    ([name, value]) => !NO_PARAMETERS.has(name) && value !== undefined && value !== null,
  );
  return given.length === 0
    ? undefined
    : Object.fromEntries(given.map(([name, value]) => [name, shorten(name, value)]));
}

/** A JSON Schema is long, and the same in every call: its name stands for it. */
function shorten(name: string, value: unknown): unknown {
  if (name === "response_format") return formatOf(value);
  if (name === "text" && isObject(value)) return { ...value, format: formatOf(value["format"]) };
  return value;
}

function formatOf(format: unknown): unknown {
  if (!isObject(format) || format["type"] !== "json_schema") return format;
  const named = isObject(format["json_schema"]) ? format["json_schema"] : format;
  return { type: "json_schema", name: named["name"] };
}
