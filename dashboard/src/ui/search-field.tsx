import { type ReactNode, useEffect, useState } from "react";

type SearchFieldProps = {
  readonly label: string;
  readonly value: string;
  /** Told once typing pauses. */
  readonly onChange: (text: string) => void;
};

const PAUSE_MS = 300;

export function SearchField({ label, value, onChange }: SearchFieldProps): ReactNode {
  const [typed, setTyped] = useState(value);
  const [told, setTold] = useState(value);
  const [seen, setSeen] = useState(value);
  // The URL may change otherwise, too, by going back or by a link; what was told itself comes back and changes nothing.
  if (seen !== value) {
    setSeen(value);
    if (value !== told) setTyped(value);
  }
  useEffect(() => {
    if (typed === value) return undefined;
    const timer = setTimeout(() => {
      setTold(typed);
      onChange(typed);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);
  return (
    <label className="grid text-xs text-soft">
      {label}
      <input
        type="search"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        className="min-h-9 w-44 rounded-md border border-line bg-surface px-2 text-sm text-ink"
      />
    </label>
  );
}
