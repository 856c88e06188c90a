const PT_INTERP = 3;

/** Whether the file is a 64-bit little-endian ELF program that needs no dynamic loader. */
export function isStaticElf(file: Buffer): boolean {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    return false;
  }
  const offset = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  const count = file.readUInt16LE(56);
  if (offset + size * count > file.length) {
    return false;
  }
  for (let index = 0; index < count; index++) {
    if (file.readUInt32LE(offset + index * size) === PT_INTERP) {
      return false;
    }
  }
  return true;
}
