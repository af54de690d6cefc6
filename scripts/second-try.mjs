/**
 * A test in real time can lose one wait on a machine that was busy with something else. Its file is run once more, alone; if all of it
 * passes then, it counts as passed, and every test that needed it is told. Why, and what keeps it honest: docs/decisions/second-try.md.
 */

/** More files than that are no bad luck. */
export const FILES_MOST = 3;

/**
 * @param tests what runTests told of a tier that has ended
 * @param files the tier's files
 * @param runAgain runs one file alone, and gives its tests
 * @returns the tests; those that passed only now have `secondTry`
 */
export async function withSecondTry(tests, files, runAgain) {
  let settled = tests;
  for (const file of filesToTryAgain(tests, files)) {
    const mine = tests.filter((test) => test.file === file);
    const again = await runAgain(file);
    settled = [...settled.filter((test) => test.file !== file), ...judged(mine, again)];
  }
  return settled;
}

/** What is no file, such as a runner that crashed, cannot be tried again, and then nothing is. */
function filesToTryAgain(tests, files) {
  const failing = [...new Set(tests.filter(isFailed).map(({ file }) => file))];
  return failing.length <= FILES_MOST && failing.every((file) => files.includes(file)) ? failing : [];
}

/** One file, which failed at first. */
function judged(first, again) {
  const passedNow = (name) => again.some((test) => test.name === name) && again.every((test) => test.name !== name || test.outcome === "passed");
  const owed = first.filter((test) => isFailed(test) && test.wholeFile !== true).map(({ name }) => name);
  if (again.length === 0 || again.some(isFailed) || !again.some(({ outcome }) => outcome === "passed") || !owed.every(passedNow)) {
    const unheard = again.filter((test) => isFailed(test) && first.every(({ name }) => name !== test.name));
    return [...first.map((test) => (failedIn(again, test) ? { ...test, outcome: "failed" } : test)), ...unheard];
  }
  const wellBefore = (test) => first.some(({ name }) => name === test.name) && !failedIn(first, test);
  const wasNeeded = again.some((test) => !wellBefore(test)) ? (test) => !wellBefore(test) : () => true;
  return again.map((test) => (test.outcome === "passed" && wasNeeded(test) ? { ...test, secondTry: true } : test));
}

function failedIn(tests, { name }) {
  return tests.some((test) => test.name === name && isFailed(test));
}

function isFailed({ outcome }) {
  return outcome === "failed";
}

/** The last line of a run, and of a tier. */
export function counted(tests) {
  const count = (...outcomes) => tests.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const late = tests.filter(({ secondTry }) => secondTry === true).length;
  const passed = `${count("passed")} passed${late === 0 ? "" : ` (${late} at the second try)`}`;
  return `${passed}, ${count("failed")} failed, ${count("skipped", "todo")} skipped`;
}
