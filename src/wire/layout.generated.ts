// Generated from the BTF of the embedded object by `npm run generate`. Not to be edited.

export const LAYOUT_FINGERPRINT = '35bd5fa637c23514';

/** Bytes of one record. */
export const RECORD_SIZE = 128;

/** Where each member begins, in bytes from the record's start. */
export const Offset = {
  /** 8 bytes */
  timeNs: 0,
  /** 4 bytes */
  count: 8,
  /** 4 bytes */
  expiresInMs: 12,
  /** 4 bytes */
  delayUs: 16,
  /** 4 bytes */
  drops: 20,
  /** 4 bytes, signed */
  weight: 24,
  /** 2 bytes */
  cpu: 28,
  /** 1 byte */
  newDestinationFamily: 30,
  /** 1 byte */
  conntrackState: 31,
  /** 16 bytes */
  clientAddress: 32,
  /** 16 bytes */
  newDestinationAddress: 48,
  /** 2 bytes, network byte order */
  clientPort: 64,
  /** 2 bytes, network byte order */
  newDestinationPort: 66,
  /** 4 bytes */
  reserved: 68,
  /** 4 bytes */
  netns: 72,
  /** 4 bytes */
  fwmark: 76,
  /** 1 byte */
  kind: 80,
  /** 1 byte */
  verdict: 81,
  /** 1 byte */
  connState: 82,
  /** 1 byte */
  protocol: 83,
  /** 1 byte */
  family: 84,
  /** 1 byte */
  destinationFamily: 85,
  /** 1 byte */
  forwarding: 86,
  /** 1 byte */
  conntrack: 87,
  /** 4 bytes */
  flags: 88,
  /** 16 bytes */
  virtualAddress: 92,
  /** 16 bytes */
  destinationAddress: 108,
  /** 2 bytes, network byte order */
  virtualPort: 124,
  /** 2 bytes, network byte order */
  destinationPort: 126,
} as const;

export const Kind = {
  reuse: 1,
  stale: 2,
  unavailable: 3,
  unscheduled: 4,
  overload: 5,
  draining: 6,
  retransmit: 7,
  retry: 8,
} as const;

export const Verdict = {
  forwarded: 1,
  rescheduled: 2,
  dropped: 3,
  rejected: 4,
  passed: 5,
} as const;

export const Conntrack = {
  none: 0,
  untracked: 1,
  unconfirmed: 2,
  confirmed: 3,
} as const;

export const Forwarding = {
  masquerade: 0,
  local: 1,
  tunnel: 2,
  route: 3,
  bypass: 4,
} as const;

export const Flag = {
  opening: 1,
  hasDestination: 2,
  available: 4,
  expired: 8,
  rescheduled: 16,
  notTransmitted: 32,
  weightZero: 64,
  newWeightZero: 128,
  serviceSought: 256,
  hasEntry: 512,
  delay: 65536,
} as const;

export const DelayBoundMs = {
  0: 250,
  1: 500,
  2: 1000,
  3: 1250,
  4: 1500,
  5: 2000,
  6: 3500,
  7: 7500,
  8: 15500,
  9: 31500,
  10: 63500,
} as const;

export const Loss = {
  ringFull: 0,
  pendingFull: 1,
  unpaired: 2,
  unreadable: 3,
  retryFull: 4,
  coalescedFull: 5,
  folded: 6,
} as const;
