import type { ButtonHTMLAttributes, ReactNode } from "react";

type Look = "primary" | "plain" | "quiet" | "danger";

const LOOKS: Record<Look, string> = {
  primary: "border-accent bg-accent text-on-accent hover:opacity-90",
  plain: "border-line bg-surface text-ink hover:bg-sunken",
  quiet: "border-transparent bg-transparent text-accent hover:bg-sunken",
  danger: "border-bad bg-surface text-bad hover:bg-bad-ground",
};

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { readonly look?: Look };

export function Button({ look = "plain", className = "", type = "button", ...rest }: ButtonProps): ReactNode {
  const shape = "inline-flex min-h-9 items-center gap-1.5 rounded-md border px-3 py-1 text-sm font-medium";
  return (
    <button
      {...rest}
      type={type}
      className={`${shape} disabled:cursor-not-allowed disabled:opacity-50 ${LOOKS[look]} ${className}`}
    />
  );
}
