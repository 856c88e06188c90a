import { families } from '../../testbed/addresses.js';
import type { Expectation } from './expectation.js';
import type { Service, Settings, TestCase } from './test-case.js';

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

type Wanted = Pick<TestCase, 'title' | 'settings' | 'entry'> & Partial<TestCase>;

/** The test case in both address families. */
export function inBothFamilies(wanted: Wanted, expectation: Expectation): readonly TestCase[] {
  return families.map((family) => ({
    service: masqueraded,
    changes: [],
    again: 'same port',
    ...wanted,
    family,
    expectation,
  }));
}
