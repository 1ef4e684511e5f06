import type { ReactNode } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { filterSearch } from "../url/filters.ts";
import { useLive } from "../api/live.ts";
import { SessionButton } from "./session-button.tsx";
import { ThemeButton } from "./theme-button.tsx";

const PAGES = [
  { path: "/", name: "Overview" },
  { path: "/suggestions", name: "Suggestions" },
  { path: "/desk", name: "Desk" },
  { path: "/compare", name: "Compare" },
  { path: "/mirror", name: "Mirror" },
  { path: "/health", name: "Health" },
  { path: "/set-up", name: "Set-up" },
] as const;

/** What stands around every page: where one is, where else one can go, and light or dark. */
export function Shell({ children }: { readonly children: ReactNode }): ReactNode {
  useLive();
  const [location] = useLocation();
  const [search] = useSearchParams();
  const kept = filterSearch(search);
  const isHere = (path: string): boolean => (path === "/" ? location === "/" : location.startsWith(path));
  return (
    <>
      <a
        href="#main"
        className="sr-only rounded bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-10"
      >
        Skip to the content
      </a>
      <header className="border-b border-line bg-surface">
        <div className="mx-auto flex max-w-7xl flex-wrap items-center justify-between gap-x-5 gap-y-1 px-4 py-2">
          <Link href={`/${kept}`} className="flex items-center gap-2 py-1 font-semibold">
            <img src="/favicon.svg" alt="" className="size-6" /> Uptake
          </Link>
          <nav aria-label="Pages" className="order-last -mx-2 flex w-full flex-wrap sm:order-none sm:w-auto sm:flex-1">
            {PAGES.map(({ path, name }) => (
              <Link
                key={path}
                href={`${path}${kept}`}
                aria-current={isHere(path) ? "page" : undefined}
                className="rounded-md px-2 py-1.5 text-sm text-soft hover:bg-sunken hover:text-ink aria-[current=page]:font-semibold aria-[current=page]:text-ink"
              >
                {name}
              </Link>
            ))}
          </nav>
          <div className="flex items-center">
            <SessionButton />
            <ThemeButton />
          </div>
        </div>
      </header>
      {children}
      <footer className="mx-auto flex max-w-7xl flex-wrap gap-x-5 px-4 pb-6 text-sm text-soft">
        <a href="/status" className="underline">
          Status page without scripts
        </a>
        <a href="/docs" className="underline">
          HTTP API
        </a>
      </footer>
    </>
  );
}
