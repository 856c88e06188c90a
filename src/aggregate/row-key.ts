import { Key } from '../record/layout.generated.js';

/** Bytes from a record's start to its key. */
export const KEY_OFFSET = Key.offset;

/** Bytes of the key. */
export const KEY_BYTES = Key.size;

/** 32-bit words of the key: everything that distinguishes two rows. */
export const KEY_WORDS = KEY_BYTES / 4;

/**
 * Hashes a key: the sum of its words, each multiplied by an odd constant of its own, then mixed.
 * Unrolled, because the processor then multiplies in parallel: a loop in which each step depends on
 * the one before takes twice the time. A test fails where `KEY_WORDS` differs from the unrolled size.
 */
export function hashKey(words: Uint32Array, start: number): number {
  const sum =
    Math.imul(words[start] as number, 0x9e3779b1) +
    Math.imul(words[start + 1] as number, 0x85ebca6b) +
    Math.imul(words[start + 2] as number, 0xc2b2ae35) +
    Math.imul(words[start + 3] as number, 0x27d4eb2f) +
    Math.imul(words[start + 4] as number, 0x165667b1) +
    Math.imul(words[start + 5] as number, 0xd3a2646d) +
    Math.imul(words[start + 6] as number, 0xfd7046c5) +
    Math.imul(words[start + 7] as number, 0xb55a4f09) +
    Math.imul(words[start + 8] as number, 0x8cb92ba7) +
    Math.imul(words[start + 9] as number, 0xe9b5dba5) +
    Math.imul(words[start + 10] as number, 0x3c6ef373) +
    Math.imul(words[start + 11] as number, 0xa54ff53b) +
    Math.imul(words[start + 12] as number, 0x510e527f) +
    Math.imul(words[start + 13] as number, 0x9b05688d);
  const hash = Math.imul((sum | 0) ^ ((sum | 0) >>> 16), 0x7feb352d);
  return hash ^ (hash >>> 15);
}

/** Returns whether the keys at `a` and `b` are equal. Unrolled, without a branch per word. */
export function sameKey(first: Uint32Array, a: number, second: Uint32Array, b: number): boolean {
  const difference =
    ((first[a] as number) ^ (second[b] as number)) |
    ((first[a + 1] as number) ^ (second[b + 1] as number)) |
    ((first[a + 2] as number) ^ (second[b + 2] as number)) |
    ((first[a + 3] as number) ^ (second[b + 3] as number)) |
    ((first[a + 4] as number) ^ (second[b + 4] as number)) |
    ((first[a + 5] as number) ^ (second[b + 5] as number)) |
    ((first[a + 6] as number) ^ (second[b + 6] as number)) |
    ((first[a + 7] as number) ^ (second[b + 7] as number)) |
    ((first[a + 8] as number) ^ (second[b + 8] as number)) |
    ((first[a + 9] as number) ^ (second[b + 9] as number)) |
    ((first[a + 10] as number) ^ (second[b + 10] as number)) |
    ((first[a + 11] as number) ^ (second[b + 11] as number)) |
    ((first[a + 12] as number) ^ (second[b + 12] as number)) |
    ((first[a + 13] as number) ^ (second[b + 13] as number));
  return difference === 0;
}
