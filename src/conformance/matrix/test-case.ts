import type { Family } from '../../testbed/addresses.js';
import type { Expectation } from './expectation.js';

/** The director's settings while a test case is played. */
export interface Settings {
  readonly expireNodestConn: number;
  readonly connReuseMode: number;
  /** Whether it tracks connections, for ip_vs as well (net.ipv4.vs.conntrack). */
  readonly conntrack: boolean;
  /** Others below net.ipv4.vs; 0 where no test case of the batch names them. */
  readonly others?: Readonly<Record<string, number>>;
}

/** How the client's port gets its entry. */
export type Entry =
  /** None: the port was never used. */
  | 'none'
  /** A connection that the server closed first, both in good order. */
  | 'closed'
  /** The same, but for the last ACK, which never came to the director. */
  | 'last ACK lost'
  | 'reset by server'
  | 'reset by client'
  /** The connection is open; its client vanished without FIN or RST. */
  | 'vanished'
  /** The connection is open, and stays so. */
  | 'held'
  /** A datagram and its answer. */
  | 'datagram';

/** Changes between the entry and the packets that match it, in this order. */
export type Change = 'weight 0' | 'all weights 0' | 'removed' | 'added again';

/** What the client does then. */
export type Again =
  /** Connects (of UDP: sends a datagram) from the same port. */
  | 'same port'
  /** The same twice, one after the other. */
  | 'same port, twice'
  /** Connects from a port never used. */
  | 'other port'
  /** Sends data on the connection that it holds. */
  | 'data';

export interface Service {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly forwarding: 'masquerade' | 'direct' | 'tunnel' | 'local';
  /** Options of ipvsadm in addition to the scheduler: `-p 300`, `-o`. */
  readonly options?: string;
  /** A service by the mark that the director's firewall sets, not by address. */
  readonly byMark?: true;
  /** The client runs on the director itself. */
  readonly localClient?: true;
}

/** One test case of the matrix: its input and its expected outcome. */
export interface TestCase {
  /** Distinguishes the test case within its settings. */
  readonly title: string;
  readonly family: Family;
  readonly settings: Settings;
  readonly service: Service;
  readonly entry: Entry;
  readonly changes: readonly Change[];
  /** Settings that change after the servers did. */
  readonly late?: Partial<Settings>;
  readonly again: Again;
  readonly expectation: Expectation;
  /** A file without which this kernel cannot play it, and what its absence means. */
  readonly needs?: { readonly file: string; readonly reason: string };
}
