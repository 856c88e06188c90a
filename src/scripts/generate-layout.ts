/**
 * Writes src/record/layout.generated.ts from the BTF of the object that the addon embeds.
 * With --check it writes nothing and exits 1 where the file differs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type LayoutDescription, loadUncheckedAddon } from '../native/addon.js';

const target = 'src/record/layout.generated.ts';

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

function source(layout: LayoutDescription): string {
  const offsets = layout.members.map((member) => {
    const order = member.bigEndian ? ', network byte order' : '';
    const bytes = `${member.size} byte${member.size === 1 ? '' : 's'}`;
    const signed = member.signed ? ', signed' : '';
    return `  /** ${bytes}${signed}${order} */\n  ${camelCase(member.name)}: ${member.offset},`;
  });
  return [
    '// Generated from the BTF of the embedded object by `npm run generate`. Not to be edited.\n',
    `export const LAYOUT_FINGERPRINT = '${layout.fingerprint}';\n`,
    `/** Bytes of one record. */\nexport const RECORD_SIZE = ${layout.size};\n`,
    `/** Where each member begins, in bytes from the record's start. */\nexport const Offset = {\n${offsets.join('\n')}\n} as const;\n`,
    ...Object.entries(layout.enums).map(([name, values]) => enumSource(name, values)),
  ].join('\n');
}

const generated = source(loadUncheckedAddon().layout);
if (!process.argv.includes('--check')) {
  writeFileSync(target, generated);
} else if (readFileSync(target, 'utf8') !== generated) {
  process.stderr.write(`${target} differs from the record's layout: run npm run generate\n`);
  process.exitCode = 1;
}
