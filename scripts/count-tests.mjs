// Adds up vitest's JSON reports and prints `N passed, N failed`, the failed tests by name before it: the end of a long
// log is the part that is kept. Steps that failed outside the tests count as failed.
import { readFileSync } from "node:fs";

const [failedSteps, ...files] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const file of files) {
  const report = JSON.parse(readFileSync(file, "utf8"));
  passed += report.numPassedTests;
  failed += report.numFailedTests + (report.numFailedTests === 0 && !report.success ? 1 : 0);
  for (const { name, status, message, assertionResults } of report.testResults) {
    if (status === "failed" && assertionResults.length === 0) console.log(`failed: ${name}: ${message}`);
    for (const { fullName, status, failureMessages } of assertionResults) {
      if (status === "failed") console.log(`failed: ${name}: ${fullName}\n${failureMessages.join("\n")}`);
    }
  }
}
if (failed === 0) failed = Number(failedSteps);
if (passed === 0 && failed === 0) failed = 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
