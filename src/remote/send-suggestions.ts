import type { SuggestionResults } from "../contract/suggestion-receipt.ts";
import { invalidInput, UptakeError } from "../domain/errors.ts";
import { recordOfRow, type SuggestionRow } from "../domain/suggestion-row.ts";
import { type Connection, toUptakeError } from "./connection.ts";
import { MAX_REQUEST_BYTES, wireSuggestion } from "./wire-suggestion.ts";

/** Those of the rows that the server refused for their data, and why. */
export type Refusals = ReadonlyMap<SuggestionRow, UptakeError>;

/** The most that one request takes. */
const MAX_ITEMS = 500;

type Item = { readonly row: SuggestionRow; readonly json: string };

/**
 * Records the rows over HTTP; resolves once all that are not refused are committed there. Rejects where that is not sure of
 * each; to send all of them again doubles none, since each has its id. A request that is refused whole rejects with
 * `invalid_input`: then fewer at once show which one is to blame.
 */
export async function sendSuggestions(connection: Connection, rows: readonly SuggestionRow[]): Promise<Refusals> {
  const refusals = new Map<SuggestionRow, UptakeError>();
  for (const items of requestsOf(rows, refusals)) {
    const json = `[${items.map((item) => item.json).join(",")}]`;
    const { results } = (await postWhole(connection, json)) as Partial<SuggestionResults>;
    for (const [index, { row }] of items.entries()) {
      const refusal = refusalOf(results?.[index]);
      if (refusal !== undefined) refusals.set(row, refusal);
    }
  }
  return refusals;
}

/** As many rows each as one request takes. A row that is no JSON is refused: held on to, it would hold up all behind it. */
function* requestsOf(
  rows: readonly SuggestionRow[],
  refusals: Map<SuggestionRow, UptakeError>,
): Generator<readonly Item[]> {
  let items: Item[] = [];
  let bytes = 0;
  for (const row of rows) {
    const json = wireOf(row);
    if (json instanceof UptakeError) {
      refusals.set(row, json);
      continue;
    }
    const more = Buffer.byteLength(json) + 1;
    if (items.length === MAX_ITEMS || (items.length > 0 && bytes + more > MAX_REQUEST_BYTES)) {
      yield items;
      items = [];
      bytes = 0;
    }
    items.push({ row, json });
    bytes += more;
  }
  if (items.length > 0) yield items;
}

function wireOf(row: SuggestionRow): string | UptakeError {
  try {
    return wireSuggestion(recordOfRow(row));
  } catch (error) {
    return invalidInput("suggestion", `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A proxy in front may take less at once than the server does. */
async function postWhole(connection: Connection, json: string): Promise<unknown> {
  try {
    return await connection.post("/v1/suggestions", json);
  } catch (error) {
    if (!(error instanceof UptakeError) || error.facts["status"] !== 413) throw error;
    throw invalidInput(
      "suggestions",
      `${json.length} characters of JSON are too large for the server: ${error.message}`,
    );
  }
}

/** Throws where nobody knows what became of it. */
function refusalOf(result: SuggestionResults["results"][number] | undefined): UptakeError | undefined {
  if (result === undefined) {
    const message = "the server's answer does not say what became of a suggestion; is url the address of uptake serve?";
    throw new UptakeError("database_unavailable", message);
  }
  // A finished run whose id is taken is left alone, as it is in a database of one's own.
  if (result.ok || result.error.code === "suggestion_id_taken") return undefined;
  const error = toUptakeError(result.error);
  if (error.code === "invalid_input") return error;
  throw error;
}
