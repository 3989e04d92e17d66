import js from "@eslint/js";
import tseslint from "typescript-eslint";

/** Node builtins and globals that make code depend on where and when it runs. */
const impure = [{ regex: "^node:", message: "packages/protocol runs anywhere: no Node builtins." }];

export default tseslint.config(
  { ignores: ["**/dist/", "packages/agent/bundle/", "node_modules/"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "off",
      "@typescript-eslint/consistent-type-definitions": ["error", "type"],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true, allowNullish: true },
      ],
      // `return send(…)` from a function without a value is how a branch ends here.
      "@typescript-eslint/no-confusing-void-expression": "off",
      // An AbortSignal aborts while we await; the rule believes what was true before.
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      "@typescript-eslint/prefer-promise-reject-errors": "off",
      "@typescript-eslint/only-throw-error": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/no-empty-function": "off",
      "no-control-regex": "off",
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  {
    files: ["packages/protocol/src/**/*.ts"],
    ignores: ["**/*.test.ts"],
    rules: {
      "no-restricted-imports": ["error", { patterns: impure }],
      "no-restricted-globals": ["error", "Buffer", "process", "setTimeout", "setInterval", "crypto", "performance"],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random" },
        { object: "Date", property: "now" },
      ],
    },
  },
  {
    files: ["**/*.test.ts"],
    rules: {
      // node:test returns promises that nobody has to wait for.
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", name: ["test", "suite"], package: "node:test" }] },
      ],
    },
  },
  {
    files: ["bench/**/*.ts", "examples/**/*.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["**/*.mjs", "**/*.cjs", "bin/ostler"],
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        require: "readonly",
        module: "readonly",
        exports: "readonly",
        __dirname: "readonly",
        Buffer: "readonly",
        AbortSignal: "readonly",
        setTimeout: "readonly",
        URL: "readonly",
        performance: "readonly",
        fetch: "readonly",
      },
    },
    rules: { "no-console": "off" },
  },
);
