/**
 * Writes src/record/layout.generated.ts and src/record/record-view.generated.ts from the BTF of the
 * object that the addon embeds. With --check writes nothing, and exits 1 where a file differs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type LayoutDescription, type LayoutMember, loadUncheckedAddon } from '../native/addon.js';

const HEADER =
  '// Generated from the BTF of the embedded object by `npm run generate`. Not to be edited.\n';

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function enumSource(name: string, values: Readonly<Record<string, number>>): string {
  const prefix = `${name.toUpperCase()}_`;
  const title = camelCase(name.replace('ipvscope_', ''));
  const lines = Object.entries(values).map(
    ([key, value]) => `  ${camelCase(key.replace(prefix, ''))}: ${value},`,
  );
  return `export const ${title[0]?.toUpperCase()}${title.slice(1)} = {\n${lines.join('\n')}\n} as const;\n`;
}

/** `2 bytes, network byte order` */
function form({ size, signed, bigEndian }: LayoutMember): string {
  const bytes = `${size} byte${size === 1 ? '' : 's'}`;
  return `${bytes}${signed ? ', signed' : ''}${bigEndian ? ', network byte order' : ''}`;
}

function layoutSource(layout: LayoutDescription): string {
  const offsets = layout.members.map(
    (member) => `  /** ${form(member)} */\n  ${camelCase(member.name)}: ${member.offset},`,
  );
  return [
    HEADER,
    `export const LAYOUT_FINGERPRINT = '${layout.fingerprint}';\n`,
    `/** Bytes of one record. */\nexport const RECORD_SIZE = ${layout.size};\n`,
    `/** Where each member begins, in bytes from the record's start. */\nexport const Offset = {\n${offsets.join('\n')}\n} as const;\n`,
    ...Object.entries(layout.enums).map(([name, values]) => enumSource(name, values)),
  ].join('\n');
}

/** How a member's value is read. */
function readSource({ name, offset, size, signed, bigEndian }: LayoutMember): string {
  if (bigEndian && size === 2) {
    const at = `this.start + ${offset}`;
    const next = `this.start + ${offset + 1}`;
    return `((this.bytes[${at}] as number) << 8) | (this.bytes[${next}] as number)`;
  }
  if (!bigEndian && offset % size === 0) {
    const word = (from: number): string => `(this.words[(this.start + ${from}) >> 2] as number)`;
    switch (size) {
      case 1:
        return `this.bytes[this.start + ${offset}] as number`;
      case 2:
        return `this.halves[(this.start + ${offset}) >> 1] as number`;
      case 4:
        return signed ? `${word(offset)} | 0` : word(offset).slice(1, -1);
      case 8:
        return `${word(offset + 4)} * 2 ** 32 + ${word(offset)}`;
    }
  }
  throw new TypeError(`the generator knows no way to read the member ${name}`);
}

function accessorSource(member: LayoutMember, keyOffset: number): string {
  const name = camelCase(member.name);
  if (member.array) {
    return `
  /** Where it begins in \`bytes\`: ${form(member)}. */
  get ${name}(): number {
    return this.start + ${member.offset};
  }
`;
  }
  const exact = member.size === 8 ? '; exact below 2^53' : '';
  const getter = `
  /** ${form(member)}${exact} */
  get ${name}(): number {
    return ${readSource(member)};
  }
`;
  // Keys are made here, too; all else only the probe writes.
  if (member.bigEndian || member.size > 2 || member.offset < keyOffset) return getter;
  const target =
    member.size === 1
      ? `this.bytes[this.start + ${member.offset}]`
      : `this.halves[(this.start + ${member.offset}) >> 1]`;
  return `${getter}
  set ${name}(value: number) {
    ${target} = value;
  }
`;
}

function viewSource({ members, enums }: LayoutDescription): string {
  const keyOffset = enums.ipvscope_key?.IPVSCOPE_KEY_OFFSET;
  if (keyOffset === undefined) throw new TypeError('the record has no key');
  return `${HEADER}
/**
 * Reads the members of one record out of a buffer that may hold many: the one that begins \`start\`
 * bytes from the buffer's start. Moving it makes no object. Where the buffer holds less than whole
 * records (keys alone), \`start\` may be negative, and only what is there can be read.
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
${members.map((member) => accessorSource(member, keyOffset)).join('')}}
`;
}

const { layout } = loadUncheckedAddon();
const files = {
  'src/record/layout.generated.ts': layoutSource(layout),
  'src/record/record-view.generated.ts': viewSource(layout),
};
for (const [target, generated] of Object.entries(files)) {
  if (!process.argv.includes('--check')) {
    writeFileSync(target, generated);
  } else if (readFileSync(target, 'utf8') !== generated) {
    process.stderr.write(`${target} differs from the record's layout: run npm run generate\n`);
    process.exitCode = 1;
  }
}
