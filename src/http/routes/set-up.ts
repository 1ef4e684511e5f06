import { setUpAnswer } from "../../contract/set-up-answer.ts";
import { answer, type Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

/** `GET /v1/set-up` */
export const readSetUp = (services: Pick<HttpServices, "setUp">): Route => ({
  method: "get",
  path: "/v1/set-up",
  operationId: "readSetUp",
  summary: "What is set up, and what is still missing",
  description: "Asks Langfuse whether it takes the keys, at most once in five seconds.",
  scopes: ["read"],
  answers: { 200: { description: "Database, Langfuse, the newest suggestion and feedback", schema: setUpAnswer } },
  async handle(call) {
    return answer(call, setUpAnswer, await services.setUp(call.caller.projectId));
  },
});
