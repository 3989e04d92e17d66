import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathOf } from "./tools.js";

export type InputSeries = { series: string; values: string };
export type Expected = { labels: string; value: number };
export type ExprTest = { expr: string; eval_time: string; exp_samples: Expected[] };
export type ExpectedAlert = { exp_labels: Record<string, string>; exp_annotations: Record<string, string> };
export type AlertTest = { eval_time: string; alertname: string; exp_alerts: ExpectedAlert[] };
export type PromTest = {
  interval: string;
  input_series: InputSeries[];
  promql_expr_test?: ExprTest[];
  alert_rule_test?: AlertTest[];
};

/** What promtool says of a file of rules, or of tests of it; it must find nothing wrong. */
export async function promtool(verb: "check" | "test", files: Record<string, string>, name: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "ostler-promtool-"));
  try {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
    const { failed, output } = await new Promise<{ failed: boolean; output: string }>((resolve) => {
      execFile(pathOf("promtool") ?? "promtool", [verb, "rules", name], { cwd: directory }, (error, stdout, stderr) =>
        resolve({ failed: error !== null, output: `${error?.message ?? ""}${stdout}${stderr}` }),
      );
    });
    assert.ok(!failed, output.slice(0, 4000));
    return output;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** JSON is YAML. */
export async function promtoolTests(rules: string | undefined, tests: PromTest[]): Promise<void> {
  const file = { rule_files: rules === undefined ? [] : ["rules.yaml"], evaluation_interval: "15s", tests };
  const files = { ...(rules === undefined ? {} : { "rules.yaml": rules }), "tests.json": JSON.stringify(file) };
  await promtool("test", files, "tests.json");
}
