import { useState } from "react";
import { keep, readKept } from "./kept-text.ts";

const KEY = "uptake-agent";
const NOBODY = "agent";

/** In whose name one works the desk; kept in this browser. */
export function useAgent(): readonly [string, (name: string) => void] {
  const [typed, setTyped] = useState(() => readKept(KEY) ?? NOBODY);
  return [
    typed,
    (name) => {
      setTyped(name);
      keep(KEY, name);
    },
  ];
}

/** What is recorded: never blank. */
export const agentIdOf = (typed: string): string => typed.trim() || NOBODY;
