import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { isSignInNeeded } from "./api/problem.ts";
import { App } from "./app.tsx";
import "./styles.css";

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // A server that is away comes back by itself; one that asks who is there does not change its mind.
      retry: (failures, error) => failures < 2 && !isSignInNeeded(error),
      refetchInterval: (query) => (query.state.error === null ? 30_000 : 5_000),
      refetchOnWindowFocus: true,
    },
  },
});

const root = document.querySelector("#root");
if (root === null) throw new Error("index.html has no element #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
