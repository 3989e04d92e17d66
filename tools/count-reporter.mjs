// Counts tests (not the suites and files around them), and keeps what the failed ones said, for the end of a run.
export default async function* count(source) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  for await (const { type, data } of source) {
    if (data?.details?.type === "suite") continue;
    if (type === "test:pass") counts[data.skip === undefined ? "passed" : "skipped"]++;
    if (type === "test:fail") {
      counts.failed++;
      const { cause } = data.details.error;
      counts.failures.push(`${data.name}: ${cause?.stack ?? cause ?? data.details.error.message}`);
    }
  }
  yield JSON.stringify(counts);
}
