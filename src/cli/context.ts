import type { Environment } from "../config/environment.ts";
import type { ConfigSources } from "../config/read-config.ts";
import type { DoctorReport } from "../domain/doctor-report.ts";
import type { Ask } from "./ask.ts";
import type { Interrupt } from "./interrupt.ts";
import type { Output } from "./output.ts";
import type { OpenServices } from "./services.ts";

/** 0 done; 1 failed, left something out or found something; 2 used wrongly or given bad input; 130 interrupted before it was done. */
export type ExitCode = 0 | 1 | 2 | 130;

export const EXIT_CODES_HELP = `Exit codes:
  0    done; for demo, worker and mirror status --watch also: stopped as asked
  1    failed, or something was left out (a malformed line, a failed suggestion) or found (mirror reconcile, mirror setup,
       rollup check, verify, doctor)
  2    wrong usage, bad input or bad configuration; nothing was done
  130  interrupted before it was done`;

/** Looks at a deployment without opening its services, which a wrong configuration would keep from opening. */
export type Diagnose = (sources: ConfigSources, options: { readonly now: () => number }) => Promise<DoctorReport>;

/** What the commands are given: everything outside the program that they touch. */
export type CliContext = {
  readonly version: string;
  readonly environment: Environment;
  readonly output: Output;
  readonly interrupt: Interrupt;
  readonly openServices: OpenServices;
  readonly diagnose: Diagnose;
  /** Where the person is: the current folder. */
  readonly folder: string;
  /** Null where nobody sits at a terminal to be asked. */
  readonly ask: Ask | null;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};
