import { Slices } from '../slices.js';
import { noServices, type ReadInside, readServices } from './read-services.js';
import { type ServiceKey, serviceKey, type VirtualService } from './virtual-service.js';

/** What is read at a scrape may be so old. */
const FRESH_MS = 1_000;
/** From one read to the next, where nobody scrapes. */
const INTERVAL_MS = 2_000;
/** A read is followed by so many times its own time without one: 1 % of a processor at most. */
const PAUSE_FACTOR = 100;

export interface ServiceTableOptions {
  /** Where the file system of the machine begins; replaced in tests. */
  readonly root?: string;
  /** Milliseconds on a clock that does not go back. */
  readonly now?: () => number;
  readonly slices?: () => Slices;
  /** How namespaces without a process are read (default: they are not). */
  readonly readInside?: ReadInside;
}

/** What the table says of itself. */
export interface ServiceTableState {
  readonly reads: number;
  /** Reads that the system refused: what was known until then is still what is known. */
  readonly failedReads: number;
  /** Processor time of all reads. */
  readonly seconds: number;
  readonly services: number;
  readonly servers: number;
  readonly namespaces: number;
  readonly unreadableProcesses: number;
  readonly unreadableNamespaces: number;
  readonly unreadableLines: number;
}

/**
 * The virtual services of all network namespaces of this machine and their servers, as
 * /proc/PID/net/ip_vs shows them: read now and then, since the kernel announces no change.
 */
export class ServiceTable {
  /** As of the last read. */
  services: readonly VirtualService[] = [];
  /** How often a read found another service, server, weight or scheduler. */
  version = 0;
  readonly #root: string;
  readonly #now: () => number;
  readonly #slices: () => Slices;
  readonly #readInside: ReadInside;
  readonly #listeners: (() => void)[] = [];
  #byIdentity: ReadonlyMap<string, VirtualService> = new Map();
  /** Not in the last read, for the first time. */
  #missing: ReadonlySet<string> = new Set();
  #last = noServices;
  #reads = 0;
  #failedReads = 0;
  #totalMs = 0;
  #reading: Promise<void> | undefined;
  /** Nothing is read before. */
  #notBefore = Number.NEGATIVE_INFINITY;
  #restMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor({ root = '', now, slices, readInside }: ServiceTableOptions = {}) {
    this.#readInside = readInside ?? cannotRead;
    this.#root = root;
    this.#now = now ?? (() => performance.now());
    this.#slices = slices ?? (() => new Slices());
  }

  /** `listener` is called after each read that found another service, server, weight or scheduler. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Reads now, and every few seconds from then on. Resolves after the first read. */
  async start(): Promise<void> {
    await this.refresh();
    if (!this.#isStopped) this.#readLater();
  }

  /** Reads, unless what is known is fresh or reading costs too much; resolves when that is over. */
  async refresh(): Promise<void> {
    if (this.#reading === undefined) {
      if (this.#isStopped || this.#now() < this.#notBefore) return;
      this.#reading = this.#read().finally(() => {
        this.#reading = undefined;
      });
    }
    await this.#reading;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** The services, for the kernel side. */
  keys(): ServiceKey[] {
    return this.services.map(serviceKey);
  }

  state(): ServiceTableState {
    const { namespaces, unreadableProcesses, unreadableNamespaces, unreadableLines } = this.#last;
    return {
      reads: this.#reads,
      failedReads: this.#failedReads,
      seconds: this.#totalMs / 1000,
      services: this.services.length,
      servers: this.services.reduce((sum, { servers }) => sum + servers.length, 0),
      namespaces,
      unreadableProcesses,
      unreadableNamespaces,
      unreadableLines,
    };
  }

  #readLater(): void {
    this.#timer = setTimeout(
      async () => {
        await this.refresh();
        if (!this.#isStopped) this.#readLater();
      },
      Math.max(INTERVAL_MS, this.#restMs),
    ).unref();
  }

  async #read(): Promise<void> {
    const slices = this.#slices();
    try {
      const read = await readServices({
        root: this.#root,
        slices,
        readInside: this.#readInside,
      });
      this.#last = read;
      this.#reads++;
      if (!this.#isStopped && this.#take(read.services)) {
        this.version++;
        for (const listener of this.#listeners) listener();
      }
    } catch (cause) {
      // Out of descriptors or memory: the next read may have what this one had not.
      if (!(cause instanceof Error && 'code' in cause)) throw cause;
      this.#failedReads++;
    } finally {
      slices.end();
      this.#totalMs += slices.total;
      this.#restMs = slices.total * PAUSE_FACTOR;
      this.#notBefore = this.#now() + Math.max(FRESH_MS, this.#restMs);
    }
  }

  /**
   * Whether these services differ from those known. One that is not there is gone when the next read
   * does not find it either: the kernel numbers services while it shows them, and one that is removed
   * then makes it skip another (ip_vs_info_array(), ip_vs_ctl.c).
   */
  #take(services: readonly VirtualService[]): boolean {
    const byIdentity = new Map<string, VirtualService>();
    for (const service of services) byIdentity.set(identity(service), service);
    const missing = new Set<string>();
    for (const [key, service] of this.#byIdentity) {
      if (byIdentity.has(key) || this.#missing.has(key)) continue;
      missing.add(key);
      byIdentity.set(key, service);
    }
    const isChanged = differ(this.#byIdentity, byIdentity);
    this.#byIdentity = byIdentity;
    this.#missing = missing;
    this.services = [...byIdentity.values()];
    return isChanged;
  }
}

/** As the kernel refuses it to whom it may not. */
const cannotRead: ReadInside = async () => {
  throw Object.assign(new Error('namespaces are not entered'), { code: 'EPERM' });
};

const identity = ({ netns, proto, address, port, fwmark, family }: VirtualService): string =>
  `${netns} ${proto} ${address} ${port} ${fwmark} ${family}`;

function differ(
  before: ReadonlyMap<string, VirtualService>,
  now: ReadonlyMap<string, VirtualService>,
): boolean {
  if (before.size !== now.size) return true;
  for (const [key, service] of now) {
    const old = before.get(key);
    if (old === undefined || !isAlike(old, service)) return true;
  }
  return false;
}

/** Whether they are the same but for their connections. */
function isAlike(a: VirtualService, b: VirtualService): boolean {
  if (a === b) return true;
  return (
    a.scheduler === b.scheduler &&
    a.persistent === b.persistent &&
    a.servers.length === b.servers.length &&
    a.servers.every((server, index) => {
      const other = b.servers[index];
      return (
        server.address === other?.address &&
        server.port === other.port &&
        server.weight === other.weight &&
        server.forwarding === other.forwarding
      );
    })
  );
}
