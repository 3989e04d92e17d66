import { maxFrameBytes } from "@ostler/protocol";

/** What every WebSocket with a controller is opened with. */
export const socketOptions = {
  maxPayload: maxFrameBytes,
  perMessageDeflate: false,
  /** A peer that does not answer the closing handshake within this time is cut off. */
  closeTimeout: 2000,
};
