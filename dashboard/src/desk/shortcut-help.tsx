import type { ReactNode } from "react";

const KEYS = [
  ["j or ↓", "next ticket"],
  ["k or ↑", "ticket before"],
  ["a", "accept: send as suggested"],
  ["e", "edit the suggestion"],
  ["r", "reject it, with reasons"],
  ["g", "get a new suggestion"],
  ["c", "classification"],
  ["n", "write a reply of your own"],
  ["Ctrl + Enter", "send what is typed"],
  ["u", "undo the last sending"],
  ["Escape", "leave a field"],
  ["?", "these keys"],
] as const;

/** Every key of the desk; in a field only Ctrl + Enter and Escape are keys. */
export function ShortcutHelp(): ReactNode {
  return (
    <section aria-label="Keys" className="rounded-lg border border-line bg-surface p-4">
      <dl className="grid gap-x-6 gap-y-1 text-sm sm:grid-cols-2 lg:grid-cols-4">
        {KEYS.map(([key, what]) => (
          <div key={key} className="flex gap-2">
            <dt className="w-24 shrink-0 font-mono text-xs leading-5">{key}</dt>
            <dd className="text-soft">{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
