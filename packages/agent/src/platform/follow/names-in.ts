import { readdir } from "node:fs/promises";
import type { Access } from "./access.js";

type Listing = { underWay: Promise<string[]>; next?: Promise<string[]> };
const listings = new Map<string, Listing>();

/** The names in a directory, not older than the call. Who asks while it is being listed shares the next listing with all others who do. */
export function namesIn(directory: string, access: Access): Promise<string[]> {
  const now = listings.get(directory);
  if (now) return (now.next ??= now.underWay.catch(() => []).then(() => begin(directory, access)));
  return begin(directory, access);
}

function begin(directory: string, access: Access): Promise<string[]> {
  const underWay = access.ask(() => readdir(directory));
  const listing: Listing = { underWay };
  listings.set(directory, listing);
  const end = (): void => {
    if (!listing.next && listings.get(directory) === listing) listings.delete(directory);
  };
  underWay.then(end, end); // Whoever asked is told of its failure.
  return underWay;
}
