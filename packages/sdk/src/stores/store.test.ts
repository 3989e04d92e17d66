import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { Envelope } from "@ostler/protocol";
import { counted, countedFrom, numbers, seqs } from "../fixtures/counted.js";
import { all, first } from "../fixtures/first.js";
import { tempDir } from "../fixtures/temp-dir.js";
import { fileStore } from "./file.js";
import { memoryStore, positionOf } from "./memory.js";
import type { EventStore } from "./store.js";

/** What a user would write: four methods around arrays. */
function ownStore(): EventStore {
  const hosts = new Map<string, Envelope[]>();
  const positionIn = (events: readonly Envelope[]) => ({
    ...positionOf(events.at(-1) ?? counted(0)),
    end: events.length,
  });
  return {
    positions: async () => new Map([...hosts].map(([host, events]) => [host, positionIn(events)])),
    append: async (host, events) => {
      const kept = [...(hosts.get(host) ?? []), ...events];
      hosts.set(host, kept);
      return positionIn(kept);
    },
    read: async function* (host, from) {
      const events = hosts.get(host)?.slice(from) ?? [];
      for (const [at, event] of events.entries()) yield { event, next: from + at + 1 };
    },
    close: async () => hosts.clear(),
  };
}

type Opened = { store: EventStore } & AsyncDisposable;

const kinds: Record<string, () => Promise<Opened>> = {
  memory: async () => opened(memoryStore()),
  file: async () => {
    const directory = await tempDir();
    return opened(fileStore(directory.path), directory);
  },
  "user's own": async () => opened(ownStore()),
};

function opened(store: EventStore, place?: AsyncDisposable): Opened {
  const close = async (): Promise<void> => {
    await store.close();
    await place?.[Symbol.asyncDispose]();
  };
  return { store, [Symbol.asyncDispose]: close };
}

async function read(store: EventStore, host: string, from = 0): Promise<Envelope[]> {
  return (await all(store.read(host, from))).map(({ event }) => event);
}

const oddNames = [
  "node-a",
  "Node-A",
  ".",
  "..",
  "...",
  "a/b",
  "../../etc",
  "с кириллицей",
  "a%2Fb",
  "lost+found",
  "\n",
];

for (const [kind, open] of Object.entries(kinds))
  suite(`a ${kind} store`, () => {
    test("knows nobody when it is new", async () => {
      await using opened = await open();
      assert.equal((await opened.store.positions()).size, 0);
      assert.deepEqual(await read(opened.store, "a"), []);
    });

    test("gives events back as they came, in their order", async () => {
      await using opened = await open();
      const events = [
        counted(1),
        counted(2, { note: 'quotes "", lines \n\r\n\u2028\u2029, zeros \0, 🐎' }),
        counted(3),
      ];
      await opened.store.append("a", events.slice(0, 2));
      await opened.store.append("a", events.slice(2));
      assert.deepEqual(await read(opened.store, "a"), events);
    });

    test("says where it stands after each append, and again when it is asked", async () => {
      await using opened = await open();
      await opened.store.append("a", countedFrom(1, 3));
      const position = await opened.store.append("a", [counted(1, { of: "e2" })]);
      assert.deepEqual({ epoch: position.epoch, seq: position.seq }, { epoch: "e2", seq: 1 });
      assert.deepEqual(await opened.store.positions(), new Map([["a", position]]));
    });

    test("gives what comes behind a cursor, and later what was appended since", async () => {
      await using opened = await open();
      const { end } = await opened.store.append("a", countedFrom(1, 3));
      assert.deepEqual(await read(opened.store, "a", end), []);
      await opened.store.append("a", countedFrom(4, 5));
      assert.deepEqual(seqs(await read(opened.store, "a", end)), [4, 5]);
    });

    test("keeps hosts apart, whatever their names are", async () => {
      await using opened = await open();
      for (const [at, name] of oddNames.entries()) await opened.store.append(name, [counted(at + 1)]);
      for (const [at, name] of oddNames.entries()) assert.deepEqual(seqs(await read(opened.store, name)), [at + 1]);
      assert.deepEqual([...(await opened.store.positions()).keys()].sort(), [...oddNames].sort());
    });

    test("appends while somebody reads", async () => {
      await using opened = await open();
      await opened.store.append("a", countedFrom(1, 3));
      const seen: Envelope[] = [];
      for await (const { event, next } of opened.store.read("a", 0)) {
        if (seen.push(event) === 2) await opened.store.append("a", countedFrom(4, 5));
        if (seen.length === 3) seen.push(...(await read(opened.store, "a", next)).slice(0, 2));
        if (seen.length === 5) break;
      }
      assert.deepEqual(seqs(seen), numbers(1, 5));
    });

    test("leaves nobody waiting who reads only a part", async () => {
      await using opened = await open();
      await opened.store.append("a", countedFrom(1, 1000));
      assert.equal((await first(10, opened.store.read("a", 0))).length, 10);
    });

    test("has behind each cursor exactly what came later, however the events were appended", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }), async (sizes) => {
          await using opened = await open();
          let seq = 0;
          for (const size of sizes) {
            await opened.store.append("a", countedFrom(seq + 1, seq + size));
            seq += size;
          }
          for (const { event, next } of await all(opened.store.read("a", 0)))
            assert.deepEqual(seqs(await read(opened.store, "a", next)), numbers(positionOf(event).seq + 1, seq));
        }),
        { numRuns: 10 },
      );
    });
  });
