import type { ConnectionEntry } from '../../testbed/connection-entries.js';
import type { CaseInstance } from './case-instance.js';
import type { Entry } from './test-case.js';

/** The TCP state that the entry must have, where ip_vs sees both directions. */
const states: Readonly<Partial<Record<Entry, string>>> = {
  closed: 'TIME_WAIT',
  'last ACK lost': 'TIME_WAIT',
  'reset by server': 'CLOSE',
  'reset by client': 'CLOSE',
  vanished: 'ESTABLISHED',
  held: 'ESTABLISHED',
};

/**
 * Finds test cases whose entry is not in the state that they need, by ip_vs' own table. It happens on a
 * machine so busy that a server retransmits its FIN: the client's kernel, which has closed, answers with
 * a reset.
 */
export function spoiledEntries(
  instances: readonly CaseInstance[],
  entries: readonly ConnectionEntry[],
): ReadonlyMap<CaseInstance, string> {
  const found = new Map(
    entries.flatMap(({ protocol, clientPort, state }) =>
      protocol === 'TCP' ? [[clientPort, state] as const] : [],
    ),
  );
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
