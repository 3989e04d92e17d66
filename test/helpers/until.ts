/** Here by its short name: most tests of the whole wait for something. */
export { until } from "@ostler/sdk/testing";
