/** WebSocket close codes of the protocol. An unknown one means the same as `tryLater`. */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  protocol: 1002,
  binaryRefused: 1003,
  policy: 1008,
  tooBig: 1009,
  internal: 1011,
  tryLater: 1013,
  unauthorized: 4401,
  forbidden: 4403,
  handshakeTimeout: 4408,
  duplicateSession: 4409,
  noCommonVersion: 4426,
  throttled: 4429,
} as const;
