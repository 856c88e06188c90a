/**
 * What the real servers of a service do with an opening packet, and so in which state its entry is:
 * `silent` and `listening` leave it in SYN_RECV (the clients never answer), `refusing` resets, CLOSE.
 */
export type Answer = 'silent' | 'refusing' | 'listening';

export interface Service {
  readonly index: number;
  readonly version: 4 | 6;
  readonly answer: Answer;
  readonly scheduler: 'rr' | 'wlc';
  readonly address: string;
  readonly port: number;
  /** `10.96.1.1:80`, `[fd00:96::1]:80` */
  readonly name: string;
  /** Loses all weight in the last round of a phase; of the others one server is removed. */
  readonly losesAll: boolean;
}

const ANSWERS: readonly Answer[] = ['silent', 'refusing', 'listening'];
const SERVICES = 50;
const IPV4_SERVICES = 35;
/** The last IPv4 services share an address. */
const OWN_ADDRESSES = 25;

/** IPv4 and IPv6, some on one address, each kind of answer as often. */
export const services: readonly Service[] = Array.from({ length: SERVICES }, (_, index) => {
  const version = index < IPV4_SERVICES ? 4 : 6;
  const shared = version === 4 && index >= OWN_ADDRESSES;
  const address =
    version === 6 ? `fd00:96::${(index + 1).toString(16)}` : `10.96.1.${shared ? 200 : index + 1}`;
  const port = shared ? 8000 + index : 80;
  return {
    index,
    version,
    answer: ANSWERS[index % ANSWERS.length] as Answer,
    scheduler: index % 2 === 0 ? 'rr' : 'wlc',
    address,
    port,
    name: endpoint(address, port),
    losesAll: index % 5 === 4,
  };
});

export const virtualAddresses: readonly string[] = [
  ...new Set(services.map(({ address }) => address)),
];

/** Which namespace has them, and under which of the director's addresses they reach others. */
export const serverNetworks = [
  { role: 'rs1', ipv4: '10.0.2', ipv6: 'fd00:2::' },
  { role: 'rs2', ipv4: '10.0.3', ipv6: 'fd00:3::' },
] as const;

/** Ports of the real servers: 20000 and up, by what they answer; see `serversOf`. */
export const portRange = (answer: Answer): { readonly first: number; readonly last: number } => {
  const first = 20_000 + ANSWERS.indexOf(answer) * 1_000;
  return { first, last: first + 999 };
};

export interface Server {
  readonly address: string;
  readonly port: number;
  readonly name: string;
}

/**
 * The four real servers of a service. No two services share one, and no phase has those of another:
 * ip_vs and conntrack tell clients' connections apart by them, and counters begin at 0.
 */
export function serversOf({ answer, version, index }: Service, phase: number): readonly Server[] {
  const port = portRange(answer).first + phase * SERVICES + index;
  return serverAddresses
    .filter((address) => address.includes(':') === (version === 6))
    .map((address) => ({ address, port, name: endpoint(address, port) }));
}

export const serverAddresses: readonly string[] = serverNetworks.flatMap(({ ipv4, ipv6 }) =>
  [2, 3].flatMap((host) => [`${ipv4}.${host}`, `${ipv6}${host}`]),
);

export function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
