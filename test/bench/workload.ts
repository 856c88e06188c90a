import { RECORD_SIZE } from '../../src/record/layout.generated.js';

/** BPF_RINGBUF_HDR_SZ: what the kernel puts before every record, in bytes. */
export const RECORD_HEADER_BYTES = 8;

/** Bytes of the ring's data area. */
export const RING_BYTES = 4 << 20;

/** Different aggregation keys among the records. */
export const KEYS = 4096;

/** Keys that every table has room for: what Aggregator takes unless told. */
export const MOST_SERIES = 10_000;

/**
 * Records that fit into the ring beside the one that a session holds back (native/addon/ring/ring.h); its
 * last byte stays free (kernel/bpf/ringbuf.c).
 */
export const RECORDS_PER_FILL =
  Math.floor((RING_BYTES - 1) / (RECORD_SIZE + RECORD_HEADER_BYTES)) - 1;

/** Fills that one consumer drains before the next one has its turn. */
export const FILLS_PER_ROUND = 3;

/** Records that one consumer drains in a round. */
export const RECORDS_PER_ROUND = RECORDS_PER_FILL * FILLS_PER_ROUND;
