import type { InstrumentFacts } from "../domain/instruments.ts";

// The call path only counts, in numbers that it keeps anyway; these say what they are called when somebody reads them.

export const DROPPED_RECORDS: InstrumentFacts = {
  name: "uptake_track_dropped_records_total",
  help: "Records lost because neither memory nor the spool had room for them, or the tracker was closed.",
};

export const REFUSED_RECORDS: InstrumentFacts = {
  name: "uptake_track_refused_records_total",
  help: "Records that the database refused for their data.",
};

export const SPOOL_HELD: InstrumentFacts = {
  name: "uptake_spool_held_records",
  help: "Records of this process in the spool that are not committed yet.",
};

export const SPOOL_BYTES: InstrumentFacts = {
  name: "uptake_spool_bytes",
  help: "Size of everything in the spool's directory, whichever process made it.",
};

export const SPOOL_APPENDED: InstrumentFacts = {
  name: "uptake_spool_appended_records_total",
  help: "Records appended to the spool.",
};

export const SPOOL_FAILED: InstrumentFacts = {
  name: "uptake_spool_failures_total",
  help: "Times that the spool was full or the disk refused.",
};

export const SPOOL_REPLAYED: InstrumentFacts = {
  name: "uptake_spool_replayed_records_total",
  help: "Records read back from the spool, of this process or of one that died, and committed or refused for their data.",
};

export const SPOOL_DAMAGED: InstrumentFacts = {
  name: "uptake_spool_damaged_parts_total",
  help: "Parts of spool files that cannot be read and were set aside.",
};

export const SPOOL_TORN: InstrumentFacts = {
  name: "uptake_spool_torn_frames_total",
  help: "Last frames of spool files whose writer died while it wrote them.",
};
