import { readdirSync, readFileSync } from "node:fs";

const MS_PER_TICK = 10;

/** Fields of /proc/PID/stat from the third on: a command's name, the second, may hold anything. */
function statOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  } catch {
    return []; // it has ended
  }
}

const field = (stat: readonly string[], number: number): number => Number(stat[number - 3] ?? 0);

/** CPU of one process so far, threads and system calls included. Linux only. */
export function cpuMsOf(pid: number): number {
  const stat = statOf(pid);
  return (field(stat, 14) + field(stat, 15)) * MS_PER_TICK;
}

/** The same of a process, its children, and the children that have ended. */
export function cpuMsOfFamily(pid: number): number {
  const stat = statOf(pid);
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const children = pids.filter((child) => field(statOf(child), 4) === pid);
  const ended = (field(stat, 16) + field(stat, 17)) * MS_PER_TICK;
  return children.reduce((sum, child) => sum + cpuMsOf(child), cpuMsOf(pid) + ended);
}

export const parentOf = (pid: number): number => field(statOf(pid), 4);

export function rssMbOf(pid: number): number {
  const kB = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kB ?? Number.NaN) / 1024;
}
