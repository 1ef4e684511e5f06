import type { ReactNode } from "react";
import { Route, Switch, useRoute } from "wouter";
import { ComparePage } from "./compare/compare-page.tsx";
import { DeskPage } from "./desk/desk-page.tsx";
import { HealthPage } from "./health/health-page.tsx";
import { MirrorPage } from "./mirror/mirror-page.tsx";
import { OverviewPage } from "./overview/overview-page.tsx";
import { Shell } from "./shell/shell.tsx";
import { SuggestionPage } from "./suggestions/suggestion-page.tsx";
import { SuggestionsPage } from "./suggestions/suggestions-page.tsx";
import { SetUpPage } from "./set-up/set-up-page.tsx";
import { SignInPage } from "./sign-in/sign-in-page.tsx";
import { Page } from "./ui/page.tsx";

export function App(): ReactNode {
  const [isSignIn] = useRoute("/sign-in");
  // Nobody is known there, so nothing is read and nothing listened to.
  if (isSignIn) return <SignInPage />;
  return (
    <Shell>
      <Switch>
        <Route path="/" component={OverviewPage} />
        <Route path="/suggestions" component={SuggestionsPage} />
        <Route path="/suggestions/:id" component={SuggestionPage} />
        <Route path="/desk/:id?" component={DeskPage} />
        <Route path="/compare" component={ComparePage} />
        <Route path="/mirror" component={MirrorPage} />
        <Route path="/health" component={HealthPage} />
        <Route path="/set-up" component={SetUpPage} />
        <Route>
          <Page title="Not here">
            <p>There is no page under this address.</p>
          </Page>
        </Route>
      </Switch>
    </Shell>
  );
}
