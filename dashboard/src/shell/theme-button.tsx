import { type ReactNode, useEffect, useState } from "react";
import { Button } from "../ui/button.tsx";

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const WORDS: Record<Theme, string> = { system: "Auto", light: "Light", dark: "Dark" };
const KEY = "uptake-theme";

const isTheme = (text: string | null): text is Theme => THEMES.some((theme) => theme === text);

function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return isTheme(stored) ? stored : "system";
}

/** Light, dark, or as the system has it; kept in this browser. */
export function ThemeButton(): ReactNode {
  const [theme, setTheme] = useState(storedTheme);
  useEffect(() => {
    localStorage.setItem(KEY, theme);
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";
  return (
    <Button look="quiet" onClick={() => setTheme(next)} aria-label={`${WORDS[theme]} colours; change to ${next}`}>
      {WORDS[theme]}
    </Button>
  );
}
