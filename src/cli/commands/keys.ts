import { Option as Flag, type Command } from "commander";
import { type NewApiKey, type Scope, SCOPES } from "../../domain/api-key.ts";
import { invalidInput } from "../../domain/errors.ts";
import { parseSpan } from "../../domain/expiry.ts";
import type { Given } from "../../config/read-config.ts";
import { addCommonFlags } from "../common-flags.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { keyLines } from "../key-lines.ts";
import { withServices } from "../with-services.ts";

const EXAMPLES = `
A key is a pair: pk-up-… is its name, and sk-up-… its secret, which is shown once. Scopes: write (record suggestions and what
people did), feedback (what people did), read (look), admin (all of it).

Examples:
  $ uptake keys create --name "desk backend" --scopes write,read
  $ uptake keys rotate pk-up-4fY2k0cQ8Zr1uX3v --grace 1h`;

const example = (command: string): string => `\nExample:\n  $ uptake keys ${command}`;

const DEFAULT_SCOPES = "write,feedback,read";
const DEFAULT_GRACE = "24h";

type KeyFlags = Given & { readonly json?: true };
type CreateFlags = KeyFlags & { readonly name: string; readonly scopes: string; readonly project?: string };
type RotateFlags = KeyFlags & { readonly grace: string };

/** `uptake keys …`: who may use the HTTP service. */
export function addKeys(program: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const keys = program.command("keys").description("make and end API keys of the HTTP service").helpCommand(false);
  keys.addHelpText("after", EXAMPLES);
  for (const add of [addCreate, addList, addRevoke, addRotate]) add(keys, context, exitWith);
}

function addCreate(keys: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = keys
    .command("create")
    .description("make a key and show its secret, once")
    .addOption(new Flag("--name <text>", "what you call it").default(""))
    .addOption(new Flag("--scopes <list>", `any of ${SCOPES.join(",")}`).default(DEFAULT_SCOPES))
    .addOption(new Flag("--project <id>", "project that it is for (default: the one that is set)"))
    .addOption(new Flag("--json", "print JSON"))
    .addHelpText("after", example('create --name "desk backend" --scopes write,read'));
  addCommonFlags(command).action(async (flags: CreateFlags) => {
    const scopes = scopesOf(flags.scopes);
    exitWith(
      await withServices(context, { flags }, async (services, { projectId }) => {
        // Empty counts as not given, as everywhere: a shell's variable that is not set makes no nameless project.
        const wish = { projectId: flags.project?.trim() || projectId, scopes, name: flags.name.slice(0, 200) };
        printNew(context, await services.keys.create(wish), flags);
        return 0;
      }),
    );
  });
}

function addList(keys: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = keys
    .command("list")
    .description("show all keys of all projects, without their secrets")
    .addOption(new Flag("--json", "print JSON"))
    .addHelpText("after", example("list"));
  addCommonFlags(command).action(async (flags: KeyFlags) => {
    exitWith(
      await withServices(context, { flags }, async (services) => {
        const found = await services.keys.list();
        const lines = flags.json ? [JSON.stringify(found, undefined, 2)] : keyLines(found, new Date(context.now()));
        for (const line of lines) context.output.print(line);
        return 0;
      }),
    );
  });
}

function addRevoke(keys: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = keys
    .command("revoke")
    .argument("<public-key>", "pk-up-…")
    .description("end a key; services that run take it for two seconds more")
    .addHelpText("after", example("revoke pk-up-4fY2k0cQ8Zr1uX3v"));
  addCommonFlags(command).action(async (publicKey: string, flags: KeyFlags) => {
    exitWith(
      await withServices(context, { flags }, async (services) => {
        await services.keys.revoke(publicKey);
        context.output.print(`revoked ${publicKey}`);
        return 0;
      }),
    );
  });
}

function addRotate(keys: Command, context: CliContext, exitWith: (code: ExitCode) => void): void {
  const command = keys
    .command("rotate")
    .argument("<public-key>", "pk-up-…")
    .description("make a new pair in place of a key, which is taken a while longer")
    .addOption(new Flag("--grace <time>", "how long the old one is taken").default(DEFAULT_GRACE))
    .addOption(new Flag("--json", "print JSON"))
    .addHelpText("after", example("rotate pk-up-4fY2k0cQ8Zr1uX3v --grace 1h"));
  addCommonFlags(command).action(async (publicKey: string, flags: RotateFlags) => {
    const graceMs = parseSpan(flags.grace);
    if (graceMs === undefined || graceMs === null) {
      throw invalidInput("--grace", `got ${JSON.stringify(flags.grace)}; expected how long, such as 30m, 24h or 7d`);
    }
    exitWith(
      await withServices(context, { flags }, async (services) => {
        printNew(context, await services.keys.rotate(publicKey, graceMs), flags);
        if (!flags.json) context.output.note(`uptake: ${publicKey} is taken for ${flags.grace} more`);
        return 0;
      }),
    );
  });
}

function scopesOf(text: string): readonly Scope[] {
  const names = text.split(",").map((name) => name.trim());
  return [...new Set(names)].map((name) => {
    const scope = SCOPES.find((known) => known === name);
    if (scope !== undefined) return scope;
    throw invalidInput("--scopes", `got ${JSON.stringify(name.slice(0, 80))}; expected any of ${SCOPES.join(",")}`);
  });
}

function printNew({ output }: CliContext, key: NewApiKey, { json }: KeyFlags): void {
  if (json) {
    output.print(JSON.stringify(key, undefined, 2));
    return;
  }
  output.print(`public key  ${key.publicKey}`);
  output.print(`secret key  ${key.secretKey}`);
  output.print(`project     ${key.projectId}`);
  output.print(`scopes      ${key.scopes.join(", ")}`);
  output.note("uptake: the secret is shown this once; only its hash is kept");
}
