import { work } from "./platform/archive/work.js";

/**
 * A program of its own that makes, verifies, extracts and copies archives: it takes one job on its input, tells lines on its output, and ends
 * when its input does, with everything that it has started.
 */
void work(); // It never rejects.
