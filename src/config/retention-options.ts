/** The part of the table of options that says how long what is kept. */
export const retentionOptions = [
  {
    key: "retainMonths",
    flag: "--retain-months",
    commands: ["worker", "partitions"],
    variables: ["UPTAKE_RETAIN_MONTHS"],
    type: "months",
    help: "how many months of suggestions and traces stay besides the running one, where they are partitioned by month; unset: all",
  },
  {
    key: "retainContent",
    flag: "--retain-content",
    commands: ["worker", "retain"],
    variables: ["UPTAKE_RETAIN_CONTENT"],
    type: "span",
    help: "age at which suggestions and feedback events lose their texts, `90d`; unset or `never`: they keep them (docs/privacy.md)",
  },
  {
    key: "retainTraces",
    flag: "--retain-traces",
    commands: ["worker", "retain"],
    variables: ["UPTAKE_RETAIN_TRACES"],
    type: "span",
    help: "age at which the observations of runs are deleted, `30d`; unset or `never`: they stay",
  },
  {
    key: "retainRows",
    flag: "--retain-rows",
    commands: ["worker", "retain"],
    variables: ["UPTAKE_RETAIN_ROWS"],
    type: "span",
    help: "age at which suggestions are deleted with their traces and feedback events, `400d`, and stay counted; unset or `never`: they stay",
  },
] as const;
