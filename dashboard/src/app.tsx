import type { ReactNode } from "react";
import { Route, Switch } from "wouter";
import { OverviewPage } from "./overview/overview-page.tsx";
import { Shell } from "./shell/shell.tsx";
import { Page } from "./ui/page.tsx";

export function App(): ReactNode {
  return (
    <Shell>
      <Switch>
        <Route path="/" component={OverviewPage} />
        <Route>
          <Page title="Not here">
            <p>There is no page under this address.</p>
          </Page>
        </Route>
      </Switch>
    </Shell>
  );
}
