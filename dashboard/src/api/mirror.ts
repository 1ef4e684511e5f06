import {
  useMutation,
  type UseMutationResult,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from "@tanstack/react-query";
import type { MirrorAnswer } from "../../../src/contract/mirror-answer.ts";
import type { MirrorRetryAnswer } from "../../../src/contract/mirror-retry.ts";
import { request } from "./request.ts";

export type { MirrorAnswer };

export const useMirror = (): UseQueryResult<MirrorAnswer> =>
  useQuery({
    queryKey: ["/v1/mirror"],
    queryFn: ({ signal }) => request<MirrorAnswer>("/v1/mirror", signal),
    refetchInterval: 5_000,
  });

/** Sends the dead letters again. */
export function useRetryDead(): UseMutationResult<MirrorRetryAnswer, Error, void> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request<MirrorRetryAnswer>("/v1/mirror/retry", undefined, { method: "POST" }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["/v1/mirror"] }),
  });
}
