import type { StartFailureKind } from "@ostler/protocol";

/** Why a program cannot be started: for machines, and for people with what to do. */
export type Refusal = { kind: StartFailureKind; reason: string };
