import type { Arm, Place } from "./arm.ts";
import { createUptakeArm } from "./uptake.ts";

export const createArm = (place: Place): Promise<Arm> => createUptakeArm("commit", place);
