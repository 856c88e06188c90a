import { families } from '../../testbed/topology.js';
import type { Expectation } from './expectation.js';
import type { Cell, Service, Settings } from './test-case.js';

export const masqueraded: Service = { protocol: 'TCP', forwarding: 'masquerade' };
export const datagrams: Service = { protocol: 'UDP', forwarding: 'masquerade' };

export const settings = (
  expireNodestConn: number,
  connReuseMode: number,
  conntrack: 0 | 1,
  others?: Readonly<Record<string, number>>,
): Settings => ({
  expireNodestConn,
  connReuseMode,
  conntrack: conntrack === 1,
  ...(others === undefined ? {} : { others }),
});

type Wanted = Pick<Cell, 'title' | 'settings' | 'entry'> & Partial<Cell>;

/** The cell in both address families. */
export function cell(wanted: Wanted, expectation: Expectation): readonly Cell[] {
  return families.map((family) => ({
    service: masqueraded,
    changes: [],
    again: 'same port',
    ...wanted,
    family,
    expectation,
  }));
}
