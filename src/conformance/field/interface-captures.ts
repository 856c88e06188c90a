import { addresses } from '../../testbed/addresses.js';
import type { Role } from '../../testbed/namespaces.js';
import { PacketCapture } from '../../testbed/packet-capture.js';
import { DISCARD_PORT } from '../../testbed/peer-protocol.js';
import { FIELD_FILTER, type Packet, parsePacket } from '../../testbed/tcpdump-packet.js';
import { directorDevice } from '../../testbed/topology.js';

/** The second real server's end of its link to the clients; a second director's, where it is one. */
export const SECOND_DIRECTOR = '10.0.13.2';
/** The clients' end of it. */
export const CLIENT_TO_SECOND = '10.0.13.1';

/** Packets of these ports are counted by nftables instead: they are too many to print. */
export const FLOOD_PORTS = { first: 28_001, last: 28_010 } as const;

/** The packets that passed each capture point from a moment on. */
export interface Passed {
  /** At the client's interfaces. */
  readonly client: readonly Packet[];
  /** On the director's interfaces. */
  readonly rs1: readonly Packet[];
  readonly rs2: readonly Packet[];
}

type CapturePoint = keyof Passed;

interface Watched {
  readonly point: CapturePoint;
  readonly capture: PacketCapture;
  /** Marks of one `settle()` that pass here. */
  readonly marks: number;
  read: number;
}

/** tcpdump on the client's interfaces and on the director's interfaces to the servers. */
export class InterfaceCaptures {
  readonly #watched: readonly Watched[];
  readonly #mark: (addresses: readonly string[]) => Promise<unknown>;
  #settled = 0;

  private constructor(mark: (addresses: readonly string[]) => Promise<unknown>) {
    this.#mark = mark;
    const filter = `(${FIELD_FILTER}) and not portrange ${FLOOD_PORTS.first}-${FLOOD_PORTS.last}`;
    const watch = (point: CapturePoint, role: Role, device: string, marks: number): Watched => ({
      point,
      capture: new PacketCapture(device, { role, filter }),
      marks,
      read: 0,
    });
    this.#watched = [
      watch('client', 'client', 'eth0', 2),
      watch('client', 'client', 'from-rs2', 1),
      watch('rs1', 'director', directorDevice('rs1'), 1),
      watch('rs2', 'director', directorDevice('rs2'), 1),
    ];
  }

  /** `mark` sends a datagram to the discard port of each address. */
  static async start(
    mark: (addresses: readonly string[]) => Promise<unknown>,
  ): Promise<InterfaceCaptures> {
    const captures = new InterfaceCaptures(mark);
    try {
      await Promise.all(captures.#watched.map(({ capture }) => capture.listening()));
    } catch (error) {
      await captures.close();
      throw error;
    }
    return captures;
  }

  /** Returns all packets captured since the last call. The servers must be reachable. */
  async settle(): Promise<Passed> {
    this.#settled++;
    const addressed = [...addresses.ipv4.servers.map(({ address }) => address), SECOND_DIRECTOR];
    await Promise.all([
      this.#mark(addressed),
      ...this.#watched.map(({ capture, marks }) => capture.marked(this.#settled * marks)),
    ]);
    const of = (point: CapturePoint): readonly Packet[] =>
      this.#watched
        .filter((one) => one.point === point)
        .flatMap((one) => {
          const lines = one.capture.lines.slice(one.read);
          one.read = one.capture.lines.length;
          return lines.flatMap((line) => parsePacket(line) ?? []);
        })
        .filter((packet) => !isOfMark(packet))
        .sort((a, b) => a.time - b.time);
    return { client: of('client'), rs1: of('rs1'), rs2: of('rs2') };
  }

  /** Ends the captures and returns how many packets they lost. */
  async stop(): Promise<number> {
    const lost = await Promise.all(this.#watched.map(({ capture }) => capture.stop()));
    return lost.reduce((sum, count) => sum + count, 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#watched.map(({ capture }) => capture.close()));
  }
}

/** Nothing listens at the discard port: its host answers with an ICMP error. */
const isOfMark = ({ protocol, text }: Packet): boolean =>
  protocol === 'ICMP' && text.includes(`udp port ${DISCARD_PORT} unreachable`);
