import { execInNamespace } from '../../testbed/namespace-shell.js';
import type { CaseInstance } from './case-instance.js';
import type { Entry } from './test-case.js';

/** In which state of TCP ip_vs has to keep the entry, where it sees both directions. */
const states: Readonly<Partial<Record<Entry, string>>> = {
  closed: 'TIME_WAIT',
  'last ACK lost': 'TIME_WAIT',
  'reset by server': 'CLOSE',
  'reset by client': 'CLOSE',
  vanished: 'ESTABLISHED',
  held: 'ESTABLISHED',
};

/** TCP's entries of ip_vs by the client's port, as /proc/net/ip_vs_conn has them. */
export function parseEntryStates(text: string): ReadonlyMap<number, string> {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  return new Map(
    lines.flatMap(([protocol, , port = '', , , , , state = '']) =>
      protocol === 'TCP' ? [[Number.parseInt(port, 16), state] as const] : [],
    ),
  );
}

/**
 * Entries that did not come to what their test cases are about, by what ip_vs itself says. It happens on
 * a machine so busy that a server sends its FIN again: the client's kernel, which has closed, answers
 * with a reset.
 */
export async function spoiledEntries(
  instances: readonly CaseInstance[],
): Promise<ReadonlyMap<CaseInstance, string>> {
  const text = await execInNamespace('director', ['cat', '/proc/net/ip_vs_conn'], {
    step: 'entries',
  });
  const found = parseEntryStates(text);
  return new Map(
    instances.flatMap((instance) => {
      const { service, entry } = instance.testCase;
      const wanted = states[entry];
      const state = found.get(instance.port);
      const seesBoth = service.protocol === 'TCP' && service.forwarding === 'masquerade';
      return !seesBoth || wanted === undefined || state === wanted
        ? []
        : [[instance, `its entry is ${state ?? 'gone'}, not in ${wanted}`] as const];
    }),
  );
}
