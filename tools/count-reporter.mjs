// Counts tests (not the suites and files around them) for the last line of a run.
export default async function* count(source) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of source) {
    if (data?.details?.type === "suite") continue;
    if (type === "test:pass") counts[data.skip === undefined ? "passed" : "skipped"]++;
    if (type === "test:fail") counts.failed++;
  }
  yield JSON.stringify(counts);
}
