import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { isSignInNeeded, Problem } from "./problem.ts";

const MOST_RETRIES = 2;

/** A server that is away comes back by itself; one that has understood, and says no, does not change its mind. */
const mayPass = (error: unknown): boolean =>
  error instanceof Problem && (error.status === 0 || error.status === 429 || error.status >= 500);

/** Asks again by itself, more often while something is wrong; told wherever an answer is that nobody is signed in. */
export function createQueryClient({ onSignInNeeded }: { readonly onSignInNeeded: () => void }): QueryClient {
  const onError = (error: unknown): void => {
    if (isSignInNeeded(error)) onSignInNeeded();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        retry: (failures, error) => failures < MOST_RETRIES && mayPass(error),
        refetchInterval: (query) => (query.state.error === null ? 30_000 : 5_000),
        refetchOnWindowFocus: true,
        // The server may be this machine, which a browser without a network still reaches.
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
  });
}
