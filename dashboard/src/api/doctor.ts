import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { DoctorAnswer } from "../../../src/contract/doctor-answer.ts";
import { request } from "./request.ts";

export type { DoctorAnswer };

/** The server looks at most once in ten seconds, and takes up to three. */
const EVERY_MS = 30_000;

export const useDoctor = (): UseQueryResult<DoctorAnswer> =>
  useQuery({
    queryKey: ["/v1/doctor"],
    queryFn: ({ signal }) => request<DoctorAnswer>("/v1/doctor", signal),
    refetchInterval: EVERY_MS,
  });
