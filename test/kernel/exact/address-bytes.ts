const known = new Map<string, Uint8Array>();

/** The bytes of `10.0.1.2` or `fd00:1::a`, in a field of 16. */
export function addressBytes(text: string): Uint8Array {
  const bytes = known.get(text) ?? parseAddress(text);
  known.set(text, bytes);
  return bytes;
}

function parseAddress(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  if (!text.includes(':')) {
    bytes.set(text.split('.').map(Number));
    return bytes;
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  for (const [index, group] of before.entries()) write(bytes, index, group);
  for (const [index, group] of after.entries()) write(bytes, 8 - after.length + index, group);
  return bytes;
}

function write(bytes: Uint8Array, index: number, group: number): void {
  bytes[index * 2] = group >> 8;
  bytes[index * 2 + 1] = group & 0xff;
}
