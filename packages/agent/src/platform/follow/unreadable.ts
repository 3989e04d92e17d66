/** What was packed cannot be unpacked, now or ever. */
export class Unreadable extends Error {}
