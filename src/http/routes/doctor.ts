import { doctorAnswer } from "../../contract/doctor-answer.ts";
import { answer, type Route } from "../route.ts";
import type { HttpServices } from "../services.ts";

/** `GET /v1/doctor` */
export const readDoctor = (services: Pick<HttpServices, "doctor">): Route => ({
  method: "get",
  path: "/v1/doctor",
  operationId: "readDoctor",
  summary: "What is wrong with this deployment, and what to do about it",
  description:
    "What `uptake doctor` says of the server that answers, at most once in ten seconds and within three. It is about the whole deployment and not one project, so it needs `admin`.",
  scopes: ["admin"],
  answers: { 200: { description: "Findings, in the order of the checks", schema: doctorAnswer } },
  async handle(call) {
    return answer(call, doctorAnswer, await services.doctor());
  },
});
