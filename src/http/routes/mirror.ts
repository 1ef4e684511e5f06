import { mirrorAnswer } from "../../contract/mirror-answer.ts";
import { mirrorRetryAnswer, mirrorRetryRequest } from "../../contract/mirror-retry.ts";
import { parse } from "../parse.ts";
import { answer, type Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

/** `GET /v1/mirror` */
export const readMirror = (services: Pick<HttpServices, "mirror">): Route => ({
  method: "get",
  path: "/v1/mirror",
  operationId: "readMirror",
  summary: "How much of the project has reached Langfuse, and what has not",
  scopes: ["read"],
  answers: { 200: { description: "Counts, and dead letters by reason", schema: mirrorAnswer } },
  async handle(call) {
    return answer(call, mirrorAnswer, await services.mirror(call.caller.projectId));
  },
});

/** `POST /v1/mirror/retry` */
export const retryMirror = (services: Pick<HttpServices, "retryDead">): Route => ({
  method: "post",
  path: "/v1/mirror/retry",
  operationId: "retryMirror",
  summary: "Send the project's dead letters again",
  description: "They wait in the outbox like any other from now on; what Langfuse refuses again is dead again.",
  scopes: ["admin"],
  body: { schema: mirrorRetryRequest, isOptional: true },
  answers: { 200: { description: "How many there were", schema: mirrorRetryAnswer } },
  async handle(call) {
    const { kind = null } = parse(mirrorRetryRequest, call.body ?? {}, "");
    return answer(call, mirrorRetryAnswer, { requeuedCount: await services.retryDead(call.caller.projectId, kind) });
  },
});
