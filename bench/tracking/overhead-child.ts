/** A process with one arm in it, which runs the loads it is sent: `node overhead-child.js ARM PLACE`. */
import { createArm, type ArmName, type Place } from "./arm.ts";
import { run, type Load } from "./loads.ts";

const [, , name, place] = process.argv;
const arm = await createArm(name as ArmName, JSON.parse(place ?? "{}") as Place);
process.on("message", (load: Load) => {
  void run(arm, load).then((measured) => process.send?.(measured));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
