export { startAgent, type Agent } from "./agent.js";
export { loadConfig, loadConfigOrThrow, type Loaded } from "./config/load.js";
export { formatProblem, type Problem } from "./config/problems.js";
export { jsonSchema, type Config } from "./config/schema.js";
