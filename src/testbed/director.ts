import { addresses, type Family, serverName, virtualService } from './addresses.js';
import type { NamespaceShells } from './namespace-shell.js';
import { processorMask } from './processors.js';

/** The sysctls below net.ipv4.vs that decide what becomes of a reused port. */
export interface IpvsSettings {
  readonly connReuseMode: number;
  readonly expireNodestConn: number;
}

/** Settings and the virtual services of a testbed's director. */
export class Director {
  readonly #shells: NamespaceShells;
  readonly #families: readonly Family[];

  constructor(shells: NamespaceShells, families: readonly Family[]) {
    this.#shells = shells;
    this.#families = families;
  }

  async setSysctls(values: Readonly<Record<string, number>>): Promise<void> {
    await this.#shells.setSysctls('director', values);
  }

  async setIpvs({ connReuseMode, expireNodestConn }: Partial<IpvsSettings>): Promise<void> {
    await this.setSysctls({
      ...(connReuseMode === undefined ? {} : { 'net/ipv4/vs/conn_reuse_mode': connReuseMode }),
      ...(expireNodestConn === undefined
        ? {}
        : { 'net/ipv4/vs/expire_nodest_conn': expireNodestConn }),
    });
  }

  /** Enables forwarding, with or without conntrack entries for its connections. */
  async setForwarding(conntrack: boolean): Promise<void> {
    await this.setSysctls({
      'net/ipv4/ip_forward': 1,
      ...(this.#families.includes('ipv6') ? { 'net/ipv6/conf/all/forwarding': 1 } : {}),
      'net/ipv4/vs/conntrack': conntrack ? 1 : 0,
    });
    // The sysctl alone does nothing: a namespace tracks connections once a rule of it asks for their
    // state, as the rules of kube-proxy do.
    await this.#shells.setNftTable(
      'director',
      conntrack &&
        'chain tracking { type filter hook input priority 0; ct state established accept; }',
    );
  }

  /**
   * Sets the processor that receives packets (RPS, Documentation/networking/scaling.rst); undefined:
   * the sender's.
   */
  async setReceiver(processor: number | undefined): Promise<void> {
    const mask = processor === undefined ? '0' : processorMask(processor);
    const files = '/sys/class/net/*/queues/rx-*/rps_cpus';
    // A kernel built without RPS has no such files.
    const write = `for file in ${files}; do [ ! -e "$file" ] || echo ${mask} >"$file"; done`;
    await this.#shells.of('director').script(write, 'rps');
  }

  /** Replaces the table by one virtual service: round robin, every server with weight 1. */
  async createService(family: Family): Promise<void> {
    const service = virtualService(family);
    await this.ipvsadm([
      '-C',
      `-A -t ${service} -s rr`,
      ...addresses[family].servers.map(
        (server) => `-a -t ${service} -r ${serverName(server)} -m -w 1`,
      ),
    ]);
  }

  async setServerWeight(family: Family, server: string, weight: number): Promise<void> {
    await this.ipvsadm([`-e -t ${virtualService(family)} -r ${server} -m -w ${weight}`]);
  }

  /** Runs commands of ipvsadm, one a line, one after another. */
  async ipvsadm(lines: readonly string[]): Promise<void> {
    await this.#shells.execInNamespace('director', ['ipvsadm', '-R'], {
      step: 'ipvsadm',
      input: lines.map((line) => `${line}\n`).join(''),
    });
  }

  /** Marks packets to these ports with the port's own number. */
  async setMarks(ports: readonly number[]): Promise<void> {
    const map = `map { ${ports.map((port) => `${port} : ${port}`).join(', ')} }`;
    await this.#shells.setNftTable(
      'director',
      ports.length > 0 &&
        `chain marks { type filter hook prerouting priority -150; meta mark set th dport ${map}; }`,
      'ipvscope_marks',
    );
  }
}
