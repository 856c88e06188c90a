// Generated from the BTF of the embedded object by `npm run generate`. Not to be edited.

export const LAYOUT_FINGERPRINT = '36e2be1e397dd1ed';

/** Bytes of one record. */
export const RECORD_SIZE = 136;

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
  /** 2 bytes, network byte order */
  virtualPort: 68,
  /** 2 bytes */
  dropReason: 70,
  /** 2 bytes */
  servers: 72,
  /** 2 bytes */
  serversWithWeight: 74,
  /** 2 bytes */
  serversOverloaded: 76,
  /** 1 byte */
  conntrack: 78,
  /** 1 byte */
  reserved: 79,
  /** 4 bytes */
  netns: 80,
  /** 4 bytes */
  fwmark: 84,
  /** 1 byte */
  kind: 88,
  /** 1 byte */
  verdict: 89,
  /** 1 byte */
  connState: 90,
  /** 1 byte */
  protocol: 91,
  /** 1 byte */
  family: 92,
  /** 1 byte */
  destinationFamily: 93,
  /** 1 byte */
  forwarding: 94,
  /** 1 byte */
  delayBucket: 95,
  /** 2 bytes */
  flags: 96,
  /** 1 byte */
  cause: 98,
  /** 1 byte */
  scheduler: 99,
  /** 16 bytes */
  virtualAddress: 100,
  /** 16 bytes */
  destinationAddress: 116,
  /** 2 bytes, network byte order */
  servicePort: 132,
  /** 2 bytes, network byte order */
  destinationPort: 134,
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
  orphan: 9,
  unsent: 10,
  undetermined: 11,
  new: 12,
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

export const Cause = {
  none: 0,
  conntrack: 1,
  unavailable: 2,
  noServer: 3,
  noWeight: 4,
  overloaded: 5,
  scheduler: 6,
  connLimit: 7,
  unscheduled: 8,
  overload: 9,
  transmit: 10,
  node: 11,
  unanswered: 12,
} as const;

export const Scheduler = {
  unknown: 0,
  rr: 1,
  wrr: 2,
  lc: 3,
  wlc: 4,
  lblc: 5,
  lblcr: 6,
  dh: 7,
  sh: 8,
  sed: 9,
  nq: 10,
  fo: 11,
  ovf: 12,
  mh: 13,
  twos: 14,
} as const;

export const Flag = {
  opening: 1,
  hasDestination: 2,
  available: 4,
  expired: 8,
  rescheduled: 16,
  missingFix: 32,
  weightZero: 64,
  newWeightZero: 128,
  hairpin: 256,
  hasEntry: 512,
  hasVirtual: 1024,
  serviceFound: 2048,
  serverKnown: 4096,
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
  aggregationFull: 5,
  overflow: 6,
  openingEvicted: 7,
  noneLookedUp: 8,
  noneLookedUpOpening: 9,
  misfit: 10,
} as const;

export const Cpu = {
  several: 65535,
} as const;

export const Key = {
  offset: 80,
  size: 56,
} as const;

export const Variant = {
  trampoline: 0,
  kprobe: 1,
  generator: 2,
} as const;

export const Detail = {
  drops: 1,
} as const;
