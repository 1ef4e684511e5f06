import {
  useMutation,
  type UseMutationResult,
  useQuery,
  useQueryClient,
  type UseQueryResult,
} from "@tanstack/react-query";
import type { SessionAnswer, SignIn } from "../../../src/contract/session.ts";
import { request } from "./request.ts";

export type { SessionAnswer, SignIn };

const PATH = "/session";

/** Who looks at the dashboard. */
export const useSession = (): UseQueryResult<SessionAnswer> =>
  useQuery({
    queryKey: [PATH],
    queryFn: ({ signal }) => request<SessionAnswer>(PATH, signal),
    staleTime: 60_000,
  });

/** Signs in. What was read before was somebody else's, and is forgotten. */
export function useSignIn(onDone: () => void): UseMutationResult<unknown, Error, SignIn> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: SignIn) => request<unknown>(PATH, undefined, { method: "POST", body }),
    onSuccess: () => {
      client.clear();
      onDone();
    },
  });
}

/** Signs out, and forgets what was read. */
export function useSignOut(onDone: () => void): UseMutationResult<unknown, Error, void> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => request<unknown>(PATH, undefined, { method: "DELETE" }),
    onSuccess: () => {
      onDone();
      client.clear();
    },
  });
}
