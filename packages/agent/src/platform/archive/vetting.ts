import type { ManifestFile, ManifestHeader } from "../../core/backup/manifest.js";
import { differenceOf } from "./comparison.js";
import { archiveFailure } from "./job.js";
import { shown } from "./path-bytes.js";
import { headerRecordOf } from "./recorder.js";
import type { TarMember } from "./tar-header.js";

/** Set-user-ID and set-group-ID. */
const privileged = 0o6000;

/**
 * Decides of each member of an archive, by its header and before any byte of it is used, whether it is extracted. What could reach
 * out of the directory, or is more than the manifest says, is refused.
 */
export class Vetting {
  readonly #files: ReadonlyMap<string, ManifestFile>;
  readonly #links = new Set<string>();
  readonly #taken = new Set<string>();
  #membersLeft: number;
  #bytesLeft: number;
  #supersededLeft: number;

  constructor({ archive, totals }: ManifestHeader, files: ReadonlyMap<string, ManifestFile>) {
    const { members, bytes } = archive.again ?? { members: 0, bytes: 0 };
    this.#files = files;
    this.#membersLeft = files.size + members;
    this.#bytesLeft = totals.bytes + bytes;
    this.#supersededLeft = members;
  }

  /** False: it is superseded by a member that follows, and passed over. @throws OstlerError `refused`, `damaged` */
  isTaken(member: TarMember): boolean {
    const reason = this.#whyNot(member);
    if (reason !== undefined) throw archiveFailure("refused", `${shown(member.path)} is refused: it ${reason}.`);
    const said = this.#files.get(member.path);
    const difference = differenceOf(said && withoutHash(said), headerRecordOf(member));
    const isLinkToNothing = member.type === "hardlink" && !this.#taken.has(member.target);
    if (difference !== undefined || isLinkToNothing) {
      if (this.#supersededLeft-- > 0) return false;
      if (isLinkToNothing)
        throw archiveFailure(
          "refused",
          `${shown(member.path)} is refused: it is a hard link to ${shown(member.target)}, which is no earlier entry.`,
        );
      throw archiveFailure("damaged", `${shown(member.path)} ${difference}.`);
    }
    this.#taken.add(member.path);
    if (member.type === "symlink" || (member.type === "hardlink" && this.#links.has(member.target)))
      this.#links.add(member.path); // A hard link to a link is that link.
    else this.#links.delete(member.path);
    return true;
  }

  #whyNot(member: TarMember): string | undefined {
    const { path, type, target, odd, size } = member;
    if (odd !== undefined) return `has ${odd}`;
    if (type === "device" || type === "unknown") return "is a device, or something else that is in no backup";
    const wrongName = whyNotName(path);
    if (wrongName !== undefined) return wrongName;
    const link = prefixesOf(path).find((prefix) => this.#links.has(prefix));
    if (link !== undefined) return `leads through the link ${shown(link)}`;
    const said = this.#files.get(path);
    if (!said) return "is not in the manifest";
    if (this.#membersLeft-- <= 0) return "is one entry more than the manifest says";
    if (type === "file" && (this.#bytesLeft -= size) < 0) return "has more bytes than the manifest says";
    if ((member.mode & privileged & ~parseInt(said.mode, 8)) !== 0 && this.#supersededLeft <= 0)
      return `has mode ${member.mode.toString(8)}, and the manifest says ${said.mode}`;
    if (type === "symlink") return this.#whyNotLink(path, target, said);
    return undefined;
  }

  /** One that the manifest does not know as it is may still be superseded: then it is passed over. */
  #whyNotLink(path: string, target: string, said: ManifestFile): string | undefined {
    if (target === "" || target.includes("\0")) return "is a link to nothing";
    const isKnown = said.type === "symlink" && said.target === target;
    if (target.startsWith("/")) {
      if (isKnown || this.#supersededLeft > 0) return undefined;
      return `is a link to ${shown(target)}, which the manifest does not have`;
    }
    return climbsOut(path, target) ? `is a link that leads out, to ${shown(target)}` : undefined;
  }
}

function whyNotName(path: string): string | undefined {
  if (path.startsWith("/")) return "is absolute";
  if (path.includes("\0")) return "has a name that is none";
  const segments = path.split("/");
  if (segments.includes("..")) return "leads out";
  if (segments.includes("") || segments.includes(".")) return "has a name that is none";
  return undefined;
}

/** `a` and `a/b` of `a/b/c`. */
function prefixesOf(path: string): string[] {
  const prefixes: string[] = [];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) prefixes.push(path.slice(0, at));
  return prefixes;
}

/** Does a relative target lead above the root, at any point on its way? */
function climbsOut(path: string, target: string): boolean {
  let depth = path.split("/").length - 1;
  for (const segment of target.split("/")) {
    if (segment === "..") depth--;
    else if (segment !== "" && segment !== ".") depth++;
    if (depth < 0) return true;
  }
  return false;
}

function withoutHash(file: ManifestFile): ManifestFile {
  const rest = { ...file };
  delete rest.sha256;
  return rest;
}
