// Generated from the BTF of the embedded object by `npm run generate`. Not to be edited.

/**
 * Reads the members of one record out of a buffer that may hold many: the one that begins `start`
 * bytes from the buffer's start. Moving it makes no object. Where the buffer holds less than whole
 * records (keys alone), `start` may be negative, and only what is there can be read.
 *
 * Numbers are of this machine's byte order, ports included; an address is given by its position.
 */
export class RecordView {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;
  /** Bytes from the buffer's start to the record's: a multiple of 4. */
  start = 0;

  /** Throws a RangeError unless the buffer is aligned to 4 bytes. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  }

  /** 8 bytes; exact below 2^53 */
  get timeNs(): number {
    return (this.words[(this.start + 4) >> 2] as number) * 2 ** 32 + (this.words[(this.start + 0) >> 2] as number);
  }

  /** 4 bytes */
  get count(): number {
    return this.words[(this.start + 8) >> 2] as number;
  }

  /** 4 bytes */
  get expiresInMs(): number {
    return this.words[(this.start + 12) >> 2] as number;
  }

  /** 4 bytes */
  get delayUs(): number {
    return this.words[(this.start + 16) >> 2] as number;
  }

  /** 4 bytes */
  get drops(): number {
    return this.words[(this.start + 20) >> 2] as number;
  }

  /** 4 bytes, signed */
  get weight(): number {
    return (this.words[(this.start + 24) >> 2] as number) | 0;
  }

  /** 2 bytes */
  get cpu(): number {
    return this.halves[(this.start + 28) >> 1] as number;
  }

  /** 1 byte */
  get newDestinationFamily(): number {
    return this.bytes[this.start + 30] as number;
  }

  /** 1 byte */
  get conntrackState(): number {
    return this.bytes[this.start + 31] as number;
  }

  /** Where it begins in `bytes`: 16 bytes. */
  get clientAddress(): number {
    return this.start + 32;
  }

  /** Where it begins in `bytes`: 16 bytes. */
  get newDestinationAddress(): number {
    return this.start + 48;
  }

  /** 2 bytes, network byte order */
  get clientPort(): number {
    return ((this.bytes[this.start + 64] as number) << 8) | (this.bytes[this.start + 65] as number);
  }

  /** 2 bytes, network byte order */
  get newDestinationPort(): number {
    return ((this.bytes[this.start + 66] as number) << 8) | (this.bytes[this.start + 67] as number);
  }

  /** 2 bytes, network byte order */
  get virtualPort(): number {
    return ((this.bytes[this.start + 68] as number) << 8) | (this.bytes[this.start + 69] as number);
  }

  /** 2 bytes */
  get dropReason(): number {
    return this.halves[(this.start + 70) >> 1] as number;
  }

  /** 2 bytes */
  get servers(): number {
    return this.halves[(this.start + 72) >> 1] as number;
  }

  /** 2 bytes */
  get serversWithWeight(): number {
    return this.halves[(this.start + 74) >> 1] as number;
  }

  /** 2 bytes */
  get serversOverloaded(): number {
    return this.halves[(this.start + 76) >> 1] as number;
  }

  /** 1 byte */
  get conntrack(): number {
    return this.bytes[this.start + 78] as number;
  }

  /** 1 byte */
  get reserved(): number {
    return this.bytes[this.start + 79] as number;
  }

  /** 4 bytes */
  get netns(): number {
    return this.words[(this.start + 80) >> 2] as number;
  }

  /** 4 bytes */
  get fwmark(): number {
    return this.words[(this.start + 84) >> 2] as number;
  }

  /** 1 byte */
  get kind(): number {
    return this.bytes[this.start + 88] as number;
  }

  set kind(value: number) {
    this.bytes[this.start + 88] = value;
  }

  /** 1 byte */
  get verdict(): number {
    return this.bytes[this.start + 89] as number;
  }

  set verdict(value: number) {
    this.bytes[this.start + 89] = value;
  }

  /** 1 byte */
  get connState(): number {
    return this.bytes[this.start + 90] as number;
  }

  set connState(value: number) {
    this.bytes[this.start + 90] = value;
  }

  /** 1 byte */
  get protocol(): number {
    return this.bytes[this.start + 91] as number;
  }

  set protocol(value: number) {
    this.bytes[this.start + 91] = value;
  }

  /** 1 byte */
  get family(): number {
    return this.bytes[this.start + 92] as number;
  }

  set family(value: number) {
    this.bytes[this.start + 92] = value;
  }

  /** 1 byte */
  get destinationFamily(): number {
    return this.bytes[this.start + 93] as number;
  }

  set destinationFamily(value: number) {
    this.bytes[this.start + 93] = value;
  }

  /** 1 byte */
  get forwarding(): number {
    return this.bytes[this.start + 94] as number;
  }

  set forwarding(value: number) {
    this.bytes[this.start + 94] = value;
  }

  /** 1 byte */
  get delayBucket(): number {
    return this.bytes[this.start + 95] as number;
  }

  set delayBucket(value: number) {
    this.bytes[this.start + 95] = value;
  }

  /** 2 bytes */
  get flags(): number {
    return this.halves[(this.start + 96) >> 1] as number;
  }

  set flags(value: number) {
    this.halves[(this.start + 96) >> 1] = value;
  }

  /** 1 byte */
  get cause(): number {
    return this.bytes[this.start + 98] as number;
  }

  set cause(value: number) {
    this.bytes[this.start + 98] = value;
  }

  /** 1 byte */
  get scheduler(): number {
    return this.bytes[this.start + 99] as number;
  }

  set scheduler(value: number) {
    this.bytes[this.start + 99] = value;
  }

  /** Where it begins in `bytes`: 16 bytes. */
  get virtualAddress(): number {
    return this.start + 100;
  }

  /** Where it begins in `bytes`: 16 bytes. */
  get destinationAddress(): number {
    return this.start + 116;
  }

  /** 2 bytes, network byte order */
  get servicePort(): number {
    return ((this.bytes[this.start + 132] as number) << 8) | (this.bytes[this.start + 133] as number);
  }

  /** 2 bytes, network byte order */
  get destinationPort(): number {
    return ((this.bytes[this.start + 134] as number) << 8) | (this.bytes[this.start + 135] as number);
  }
}
