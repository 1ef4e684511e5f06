import { sessionAnswer, signIn } from "../../contract/session.ts";
import { UptakeError } from "../../domain/errors.ts";
import type { Sessions } from "../../service/sessions.ts";
import type { Admission } from "../add-routes.ts";
import type { Caller } from "../caller.ts";
import { isSameOrigin } from "../guard.ts";
import { parse } from "../parse.ts";
import { answer, type Call, type Route } from "../route.ts";
import { deleteSessionCookie, sessionTokenOf, setSessionCookie } from "../session-cookie.ts";

const PATH = "/session";

/** Tries of all people together: who guesses a secret has 2^256 of them to go through either way. */
const ANYBODY: Caller = { projectId: "", scopes: new Set(), suggestionId: null, rateKey: "sign-in" };

/** Signing in to the dashboard, and out. No part of the API, so it is in no document. */
export const sessionRoutes = (sessions: Sessions, admission: Admission): readonly Route[] => [
  {
    ...about("get", "readSession", "Who looks at the dashboard"),
    handle: (call) => readSession(call, sessions, admission),
  },
  {
    ...about("post", "signIn", "Sign in with an API key"),
    body: { schema: signIn },
    async handle(call) {
      onlyOurPages(call);
      await admission.admit(ANYBODY);
      const { token, lifetimeMs } = await sessions.begin(parse(signIn, call.body, ""));
      setSessionCookie(call.context, token, lifetimeMs);
      return call.context.body(null, 204);
    },
  },
  {
    ...about("delete", "signOut", "Sign out"),
    async handle(call) {
      onlyOurPages(call);
      const token = sessionTokenOf(call.context);
      if (token !== undefined) await sessions.end(token);
      deleteSessionCookie(call.context);
      return call.context.body(null, 204);
    },
  },
];

const about = <Method extends Route["method"]>(method: Method, operationId: string, summary: string) => ({
  method,
  path: PATH,
  operationId,
  summary,
  scopes: null,
  answers: { 200: { description: "Who it is", schema: sessionAnswer } },
});

async function readSession(call: Call, sessions: Sessions, { authenticate }: Admission): Promise<Response> {
  const token = sessionTokenOf(call.context);
  const owner = token === undefined ? undefined : await sessions.ownerOf(token);
  if (owner !== undefined) {
    const { publicKey, scopes } = owner;
    return answer(call, sessionAnswer, { publicKey, isKeyNeeded: true, scopes: [...scopes] });
  }
  const caller = await authenticate(call.context).catch((error: unknown) => {
    if (error instanceof UptakeError && error.code === "unauthorized") return undefined;
    throw error;
  });
  const scopes = [...(caller?.scopes ?? [])];
  return answer(call, sessionAnswer, { publicKey: null, isKeyNeeded: caller === undefined, scopes });
}

/** A listed origin may call the API with a key or a token; signing a person in or out is for our own pages. */
function onlyOurPages({ context }: Call): void {
  if (!isSameOrigin(context))
    throw new UptakeError("origin_not_allowed", "only the dashboard's own pages sign in and out");
}
