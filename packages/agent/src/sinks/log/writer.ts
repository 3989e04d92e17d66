import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { Socket } from "node:net";

/** Takes as many bytes as can be taken at once: 0 when the reader stalls. Throws when there is no reader any more. */
export type Writer = { write(bytes: Buffer): number; close(): void };

const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;

/** Appends to a file, or writes to a named pipe that somebody reads. Throws when it cannot be opened. */
export function fileWriter(path: string): Writer {
  return writerTo(openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0o640));
}

/**
 * stdout (1) or stderr (2) without ever blocking: a pipe that is full would otherwise stop the whole agent. A pipe, terminal
 * or file is opened once more to be non-blocking for us alone; a socket (journald's) cannot be, and is written through net.
 */
export function standardWriter(file: 1 | 2): Writer {
  if (fstatSync(file).isSocket()) return socketWriter(file);
  try {
    return writerTo(openSync(`/proc/self/fd/${file}`, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY));
  } catch {
    return { ...writerTo(file), close: () => {} }; // Opened by another user before this one became it.
  }
}

function writerTo(file: number): Writer {
  return {
    write: (bytes) => {
      try {
        return writeSync(file, bytes);
      } catch (failure) {
        if ((failure as NodeJS.ErrnoException).code === "EAGAIN") return 0;
        throw failure;
      }
    },
    close: () => closeSync(file),
  };
}

function socketWriter(file: 1 | 2): Writer {
  const socket = new Socket({ fd: file, readable: false, writable: true });
  let failed: Error | undefined;
  socket.on("error", (failure) => (failed = failure));
  socket.unref();
  return {
    write: (bytes) => {
      if (failed) throw failed;
      if (socket.writableLength > 0) return 0;
      socket.write(bytes); // Written at once as far as the kernel takes it.
      return bytes.length;
    },
    close: () => {},
  };
}
