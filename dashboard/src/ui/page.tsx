import { type ReactNode, useEffect } from "react";

/** A page's heading, its controls and its sections; the heading is the browser's title as well. */
export function Page(props: {
  readonly title: string;
  readonly controls?: ReactNode;
  readonly children: ReactNode;
}): ReactNode {
  const { title } = props;
  useEffect(() => {
    document.title = `${title} · Uptake`;
  }, [title]);
  return (
    <main id="main" className="mx-auto max-w-7xl px-4 py-5" tabIndex={-1}>
      <div className="mb-4 flex flex-wrap items-end justify-between gap-3">
        <h1 className="text-xl font-semibold">{title}</h1>
        {props.controls}
      </div>
      <div className="grid grid-cols-1 gap-4">{props.children}</div>
    </main>
  );
}
