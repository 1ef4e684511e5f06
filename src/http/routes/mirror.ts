import { mirrorAnswer } from "../../contract/mirror-answer.ts";
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
