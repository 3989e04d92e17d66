export { tokens, type Authenticate } from "./auth.js";
export { Controller, type ControllerOptions, type ListenOptions } from "./controller.js";
export type { FollowOptions } from "./follow.js";
export { Host, type ConnectOptions, type RunOptions } from "./host.js";
export type { LogItem, LogOptions } from "./log-feeds.js";
export { fileStore, type FileStoreOptions } from "./stores/file.js";
export { memoryStore } from "./stores/memory.js";
export type { Cursor, EventStore, StoredPosition } from "./stores/store.js";
export {
  OstlerError,
  type CommandArgs,
  type CommandData,
  type CommandName,
  type Envelope,
  type ErrorCode,
  type HostState,
  type LogLevel,
  type LogLine,
  type LogNote,
} from "@ostler/protocol";
