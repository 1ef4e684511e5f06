import { closeSync, ftruncateSync, openSync, unlinkSync, writeSync } from "node:fs";

/** One file of a spool. Its records are in memory as well (held) or nowhere else (left). */
export type Segment = {
  readonly path: string;
  /** Undefined once it is full or to be read: then nothing is appended any more. */
  fd: number | undefined;
  byteCount: number;
  heldCount: number;
  leftCount: number;
};

/** Makes the file; only its owner's user may read what customers wrote. */
export function openSegment(path: string): Segment {
  return { path, fd: openSync(path, "ax", 0o600), byteCount: 0, heldCount: 0, leftCount: 0 };
}

/** Appends the frame whole; where that fails the file ends as before. The page cache has it then, the disk maybe not. */
export function appendFrame(segment: Segment, frame: Uint8Array): void {
  if (segment.fd === undefined) throw new Error("the segment is closed");
  try {
    const writtenCount = writeSync(segment.fd, frame);
    if (writtenCount < frame.length) throw Object.assign(new Error("the disk is full"), { code: "ENOSPC" });
  } catch (error) {
    // What cannot be cut off is found damaged by the reader, which goes on behind it.
    ftruncateSync(segment.fd, segment.byteCount);
    throw error;
  }
  segment.byteCount += frame.length;
}

export function emptySegment(segment: Segment): void {
  if (segment.fd === undefined || segment.byteCount === 0) return;
  ftruncateSync(segment.fd, 0);
  segment.byteCount = 0;
}

export function closeSegment(segment: Segment): void {
  if (segment.fd === undefined) return;
  const { fd } = segment;
  segment.fd = undefined;
  closeSync(fd);
}

/** Gone already is as good. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
