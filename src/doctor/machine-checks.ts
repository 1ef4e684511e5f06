import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { DoctorFinding } from "../domain/doctor-report.ts";
import { lockHolder } from "../store/directory-lock.ts";
import { scanFrames } from "../track/spool/frame.ts";
import { bytesIn, listDamaged, listOwners, type Owner } from "../track/spool/owner-files.ts";
import { MAX_BYTES } from "../track/spool/spool.ts";
import type { Check } from "./check.ts";
import { finding, well } from "./findings.ts";

export type MachineNeeds = {
  /** As `process.versions.node` has it. */
  readonly nodeVersion: string;
  readonly spoolDir: string;
  /** Which database the spool's records are for. */
  readonly destination: string;
};

const OLDEST_NODE = [20, 19] as const;
/** Left of the spool's bound when somebody should know. */
const FULL_SHARE = 0.8;

/** This machine: Node and the spool. */
export const MACHINE_CHECKS: readonly Check<MachineNeeds>[] = [
  { name: "Node", run: ({ nodeVersion }) => nodeFindings(nodeVersion) },
  { name: "spool", run: spoolFindings },
];

function nodeFindings(version: string): readonly DoctorFinding[] {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return [isOld ? finding("node.old", `Node ${version}`) : well("node.version", `Node ${version}`)];
}

function spoolFindings({ spoolDir, destination }: MachineNeeds): readonly DoctorFinding[] {
  const dir = resolve(spoolDir);
  if (!isWritable(dir)) return [finding("spool.unwritable", `${dir} cannot be made or written`)];
  const byteCount = bytesIn(dir);
  const wrong = [
    ...listOwners(dir, destination).flatMap(ownerFindings),
    ...listDamaged(dir).map((path) => finding("spool.damaged", `${path} holds what could not be read`)),
  ];
  if (byteCount > MAX_BYTES * FULL_SHARE)
    wrong.push(finding("spool.full", `${dir} holds ${byteCount} of ${MAX_BYTES} bytes`));
  return wrong.length > 0 ? wrong : [well("spool.state", `${dir} is writable; ${byteCount} bytes in it`)];
}

/** The folder, or the nearest one above it that is there, can be written. */
function isWritable(dir: string): boolean {
  if (!existsSync(dir)) return dirname(dir) !== dir && isWritable(dirname(dir));
  try {
    accessSync(dir, constants.W_OK | constants.X_OK);
    readdirSync(dir);
    return true;
  } catch {
    return false;
  }
}

/** Files of an owner that lives change while they are read, so only those of others are. */
function ownerFindings({ path, segments }: Owner): readonly DoctorFinding[] {
  const { kind, pid } = lockHolder(path);
  if (kind === "alive") return [];
  if (kind === "elsewhere")
    return [finding("spool.owner_elsewhere", `${path} is of another machine's process (${pid ?? "unknown"})`)];
  let recordCount = 0;
  const wrong: DoctorFinding[] = [];
  for (const segment of segments) {
    for (const part of scanFrames(readFileSync(segment))) {
      if (part.kind === "row") recordCount += 1;
      else if (part.kind === "damaged")
        wrong.push(finding("spool.damaged", `${segment} is damaged at byte ${part.at}`));
    }
  }
  if (recordCount > 0)
    wrong.push(finding("spool.leftovers", `${path} has ${recordCount} records of a process that is gone`));
  return wrong;
}
