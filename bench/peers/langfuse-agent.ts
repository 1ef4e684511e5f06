export { createAgentArm as createArm } from "./langfuse.ts";
