import { messageOf } from "@ostler/protocol";

/** A part of the agent that can go over to another configuration. */
export type Part<C> = {
  name: string;
  /** Does everything that can fail and nothing that shows: binds the new port, looks for the new program. */
  prepare: (next: C) => Promise<Prepared>;
};

/** The way forward, and the way back; exactly one of the two is taken. */
export type Prepared = {
  commit: (signal: AbortSignal) => Promise<void>;
  discard: () => Promise<void>;
};

/**
 * Takes all parts from `before` to `after`, or none: what fails in preparation leaves everything as it was, and what fails
 * later is taken back to `before`. @throws whatever failed first, and with it why the way back failed, if it did
 */
export async function transact<C>(parts: readonly Part<C>[], before: C, after: C, signal: AbortSignal): Promise<void> {
  const prepared = await prepareAll(parts, after);
  for (const [at, { commit }] of prepared.entries()) {
    try {
      await commit(signal);
    } catch (failure) {
      await Promise.all(prepared.slice(at + 1).map(({ discard }) => discard()));
      await takeBack(parts.slice(0, at + 1), before).catch((second: unknown) => {
        const message = `${messageOf(failure)}\nIt could not be taken back either: ${messageOf(second)}`;
        throw new AggregateError([failure, second], message);
      });
      throw failure;
    }
  }
}

/** Nobody may cut the way back short. */
async function takeBack<C>(parts: readonly Part<C>[], before: C): Promise<void> {
  const never = new AbortController().signal;
  for (const { commit } of (await prepareAll(parts, before)).reverse()) await commit(never);
}

async function prepareAll<C>(parts: readonly Part<C>[], next: C): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  try {
    for (const part of parts) prepared.push(await part.prepare(next));
    return prepared;
  } catch (failure) {
    await Promise.all(prepared.map(({ discard }) => discard()));
    throw failure;
  }
}
