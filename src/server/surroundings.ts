import type { Config } from "../config/config.ts";
import { type Instruments, noInstruments } from "../domain/instruments.ts";
import type { Logger } from "../domain/logger.ts";
import type { Privacy } from "../domain/privacy.ts";
import { maskedLogger } from "../privacy/masked-logger.ts";
import type { OwnRule } from "../privacy/own-rules.ts";
import { createPrivacy } from "../privacy/privacy.ts";
import { harmless } from "./harmless.ts";

export type Given = {
  readonly log: Logger;
  readonly instruments?: Instruments | undefined;
  /** Masking rules beside the built-in ones. */
  readonly maskRules?: readonly OwnRule[] | undefined;
};

export type Surroundings = { readonly log: Logger; readonly instruments: Instruments; readonly privacy: Privacy };

/** What every part is given beside the store: a logger that throws nothing and says nothing that is masked. */
export function surroundings(
  config: Config,
  { log: given, instruments = noInstruments, maskRules: own }: Given,
): Surroundings {
  const log = harmless(given);
  const privacy = createPrivacy({ ...config.privacy, own, log, instruments });
  return { log: maskedLogger(log, privacy), instruments, privacy };
}
