import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { SetUpAnswer } from "../../../src/contract/set-up-answer.ts";
import { request } from "./request.ts";

export type { SetUpAnswer };

export const useSetUp = (everyMs: number): UseQueryResult<SetUpAnswer> =>
  useQuery({
    queryKey: ["/v1/set-up"],
    queryFn: ({ signal }) => request<SetUpAnswer>("/v1/set-up", signal),
    refetchInterval: everyMs,
  });
