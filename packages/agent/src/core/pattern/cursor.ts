import { OstlerError } from "@ostler/protocol";

/** A place in the text of a pattern. */
export class Cursor {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The next character; none at the end. */
  get next(): string {
    return this.text.charAt(this.at);
  }

  take(): string {
    return this.text.charAt(this.at++);
  }

  /** Goes on behind `text` if that is what comes. */
  skip(text: string): boolean {
    if (!this.text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** Goes on behind what a sticky expression finds here. */
  match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.text) ?? undefined;
    this.at += found?.[0].length ?? 0;
    return found;
  }

  /** Always throws; characters are counted from 1. */
  refuse(what: string, at = this.at): never {
    throw new OstlerError("bad-request", `${what}, at character ${at + 1} of ${JSON.stringify(this.text)}`);
  }
}
