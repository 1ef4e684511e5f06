/** Uptake's own version, as it names itself to Langfuse; a test keeps it equal to package.json. */
export const UPTAKE_VERSION = "0.1.0";
