import { onTestFinished } from "vitest";
import { createDeskStore } from "../../src/desk/desk-store.ts";
import { importSampleDesk, sampleMessageId, sampleTicketId } from "../../src/desk/sample.ts";
import type { NewApiKey } from "../../src/domain/api-key.ts";
import { newId } from "../../src/domain/ids.ts";
import type { OpenApiDocument } from "../../src/http/openapi.ts";
import type { Database } from "../../src/store/database.ts";
import { openTestPostgres } from "../support/databases.ts";
import { type Place, placesOf } from "./document-requests.ts";
import { basic, makeKey, SECRET } from "./secured-rig.ts";
import { type Serving, startServing } from "./serving.ts";

export type Asked = { readonly status: number; readonly headers: Headers; readonly text: string };

export type WholeService = {
  readonly db: Database;
  readonly databaseUrl: string;
  readonly serving: Serving;
  /** Of the project `a`, which has the sample desk. */
  readonly admin: NewApiKey;
  /** `/openapi.json`, as this service has it, and every operation of it. */
  readonly document: OpenApiDocument;
  readonly places: readonly Place[];
  /** Something of project `a` for every operation to be about: right, and let in with a right key. */
  readonly about: About;
  ask(this: void, place: Place, headers: Readonly<Record<string, string>>, about?: About): Promise<Asked>;
  send(
    this: void,
    method: string,
    path: string,
    init?: { readonly headers?: object; readonly body?: unknown },
  ): Promise<Asked>;
};

export type About = {
  readonly suggestionId: string;
  readonly feedbackToken: string;
  readonly classificationId: string;
};

/** What nobody but project `a` may read; it stands in everything that is recorded here. */
export const MARKER = "only-for-a";

const NUMBER = 1026;
export const ticketId = sampleTicketId(NUMBER);
export const messageId = sampleMessageId(NUMBER, 0);
/** A reply is the end of a ticket, so it goes to another one. */
const repliedTicketId = sampleTicketId(1027);

/** A body that is right, for each operation that takes one; a new one has to be added here. */
const BODIES: Readonly<Record<string, (about: About) => unknown>> = {
  recordSuggestions: ({ suggestionId }) => ({ functionName: "f", text: `Hello ${MARKER}`, suggestionId }),
  recordFeedback: ({ suggestionId }) => ({ suggestionId, type: "approval" }),
  recordSent: ({ suggestionId }) => ({ suggestionId, finalText: "Hello there" }),
  recordShown: () => ({}),
  retryMirror: () => ({}),
  generateMessageSuggestion: () => ({ ticket_id: ticketId, message_id: messageId }),
  generateResponse: () => ({ ticket: { id: ticketId } }),
  classifyTicket: () => ({ ticket: { id: ticketId } }),
  decideClassification: ({ classificationId }) => ({ suggestion_id: classificationId }),
  replyToDeskTicket: () => ({ messageId: newId(), text: "Hello there", agentId: "jo" }),
  suggestDeskReply: () => ({}),
  classifyDeskTicket: () => ({}),
  decideDeskClassification: ({ classificationId }) => ({ suggestionId: classificationId, agentId: "jo" }),
};

export const exampleFor = ({ operation }: Place, about: About): unknown => BODIES[operation.operationId]?.(about);
export const operationsWithBodies = (places: readonly Place[]): readonly string[] =>
  places.filter(({ operation }) => operation.requestBody !== undefined).map(({ operation }) => operation.operationId);
export const OPERATIONS_WITH_EXAMPLES = Object.keys(BODIES);

function pathFor({ path, operation }: Place, { suggestionId }: About): string {
  const ticket = operation.operationId === "replyToDeskTicket" ? repliedTicketId : ticketId;
  const whole = path.replace("{suggestionId}", suggestionId).replace("{ticketId}", ticket);
  if (whole.includes("{")) throw new Error(`say here what stands for the parameters of ${path}`);
  return whole;
}

/** `uptake serve` in a process of its own over a desk, closed to whoever has no key, and asked as its own document says. */
export async function startWholeService(env: Readonly<Record<string, string>> = {}, databaseUrl = asItIs) {
  const opened = await openTestPostgres();
  onTestFinished(() => opened.drop());
  const { db } = opened;
  const admin = await makeKey(db, "a", ["admin"]);
  await importSampleDesk(createDeskStore({ db, projectId: "a" }), { at: new Date() });
  const serving = await startServing(databaseUrl(opened.url), { UPTAKE_FEEDBACK_SECRET: SECRET, ...env });

  /** Reads no more than the beginning of what does not end. */
  async function send(method: string, path: string, { headers = {}, body }: SendOptions = {}): Promise<Asked> {
    const over = new AbortController();
    const response = await fetch(serving.url + path, {
      method: method.toUpperCase(),
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      signal: over.signal,
    });
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
    const text = isStream ? await firstPiece(response) : await response.text();
    over.abort();
    return { status: response.status, headers: response.headers, text };
  }

  const document = JSON.parse((await send("get", "/openapi.json")).text) as OpenApiDocument;
  const places = placesOf(document);
  const about = await prepare(send, admin);
  const ask = (place: Place, headers: Readonly<Record<string, string>>, of: About = about): Promise<Asked> => {
    const body = exampleFor(place, of);
    return send(place.method, pathFor(place, of), { headers, body });
  };
  const service: WholeService = { db, databaseUrl: opened.url, serving, admin, document, places, about, ask, send };
  return service;
}

const asItIs = (url: string): string => url;
type SendOptions = { readonly headers?: object; readonly body?: unknown };
type Send = (method: string, path: string, options?: SendOptions) => Promise<Asked>;

async function firstPiece(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const piece = await reader?.read();
  return Buffer.from(piece?.value ?? []).toString();
}

async function prepare(send: Send, admin: NewApiKey): Promise<About> {
  const headers = basic(admin);
  const body = { functionName: "f", text: `Hello ${MARKER}`, input: MARKER, ticketId: "t-1" };
  const made = await send("post", "/v1/suggestions", { headers, body });
  const classified = await send("post", `/v1/desk/tickets/${ticketId}/classify`, { headers, body: {} });
  if (made.status !== 201 || classified.status !== 200) throw new Error(`${made.text} ${classified.text}`);
  const { suggestionId, feedbackToken } = JSON.parse(made.text) as Omit<About, "classificationId">;
  const { suggestionId: classificationId } = JSON.parse(classified.text) as { suggestionId: string };
  return { suggestionId, feedbackToken, classificationId };
}
