import { HOUR_MS } from "./durations.ts";

/** An hour bucket: whole UTC hours since 1970. Integers add, compare and index faster than timestamps. */
export type Hour = number;

/** The hour bucket that holds this moment. */
export const hourOf = (moment: Date): Hour => Math.floor(moment.getTime() / HOUR_MS);

/** The first hour bucket that starts at this moment or later. */
export const hourFrom = (moment: Date): Hour => Math.ceil(moment.getTime() / HOUR_MS);

/** When this hour bucket starts. */
export const startOfHour = (hour: Hour): Date => new Date(hour * HOUR_MS);
